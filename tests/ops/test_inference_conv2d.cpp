// The float convolution for inference: against im2col within rounding, and its kernels against the portable ones in bits.
#include "ops/conv/inference_conv2d.h"

#include <omp.h>

#include <cmath>

#include "ops/channels_last_pool.h"
#include "ops/conv/conv2d.h"
#include "ops/conv/depthwise_conv2d.h"
#include "ops/conv/grouped_conv2d.h"
#include "ops/elementwise.h"
#include "tests/support/compare.h"
#include "tests/support/gradcheck.h"
#include "tests/support/kernels.h"
#include "tests/support/make.h"

namespace octet::ops {
namespace {

constexpr InferenceConv2d::Algorithm kAlgorithms[] = {InferenceConv2d::Algorithm::direct, InferenceConv2d::Algorithm::winograd,
                                                      InferenceConv2d::Algorithm::winograd_plain};

struct Case {
  Shape x, w;  // [N, C, H, W], [K, C, R, S]
  Conv2dOptions options;
  friend std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.x << c.w; }
};

class Inference : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, Inference,
                         ::testing::Values(Case{{2, 3, 23, 17}, {8, 3, 7, 7}, {.stride = 2, .padding = 3}},
                                           Case{{1, 5, 5, 5}, {17, 5, 1, 1}, {}},
                                           Case{{2, 16, 9, 9}, {65, 16, 3, 3}, {.padding = 1}},
                                           Case{{2, 32, 8, 9}, {100, 32, 1, 1}, {.stride = 2}},
                                           Case{{1, 12, 7, 6}, {33, 12, 2, 3}, {.padding = {1, 2}}},
                                           Case{{1, 4, 31, 29}, {16, 4, 3, 3}, {.padding = 1}},  // several blocks of pixels
                                           Case{{1, 6, 2, 3}, {3, 6, 3, 3}, {.padding = 1}},     // smaller than a tile
                                           Case{{2, 8, 10, 11}, {64, 8, 3, 3}, {.padding = 1}},
                                           Case{{1, 1024, 4, 5}, {70, 1024, 3, 3}, {.padding = 1}},    // rows of weights in parts
                                           Case{{2, 260, 13, 9}, {130, 260, 3, 3}, {.padding = 1}},    // Winograd by strip
                                           Case{{3, 260, 13, 9}, {130, 260, 3, 3}, {.padding = 1}}));  // of several blocks

TEST_P(Inference, IsConvolutionBiasAdditionAndRelu) {
  const Case& c = GetParam();
  const Tensor x = test::random_floats(c.x, 1), w = test::random_floats(c.w, 2), bias = test::random_floats({c.w[0]}, 3);
  for (bool relu : {false, true})
    for (bool adds : {false, true})
      for (bool with_bias : {false, true}) {
        Tensor want = conv2d(x, w, with_bias ? bias : Tensor(), c.options);
        const Tensor added = adds ? test::random_floats(want.shape(), 4) : Tensor();
        if (adds) want = add(want, added);
        if (relu) relu_(want);
        const InferenceConv2d conv(w, with_bias ? bias : Tensor(), c.options, relu);
        for (const auto algorithm : kAlgorithms) {
          const bool winograd = algorithm != InferenceConv2d::Algorithm::direct;
          if (!conv.has(algorithm, to_channels_last(x).shape())) continue;
          const Tensor y = conv.run(algorithm, to_channels_last(x), adds ? to_channels_last(added) : Tensor());
          EXPECT_LT(test::relative_error(to_channels_first(y), want), winograd ? 2e-5 : 2e-6)
              << relu << adds << with_bias << InferenceConv2d::name_of(algorithm);
        }
      }
}

TEST(InferenceConv2d, FromPlanesIsTheSame) {
  const Tensor x = test::random_floats({2, 3, 23, 17}, 1);
  for (int64_t padding : {0, 3}) {
    const InferenceConv2d conv(test::random_floats({8, 3, 7, 7}, 2), {}, {.stride = 2, .padding = padding}, true);
    EXPECT_TRUE(test::bits_equal(conv.from_planes(x), conv(to_channels_last(x))));
  }
}

TEST(InferenceConv2d, KeepsNaN) {
  Tensor x = test::random_floats({1, 8, 12, 12}, 1);
  x.data<float>()[0] = NAN;
  const InferenceConv2d conv(test::random_floats({8, 8, 3, 3}, 2), {}, {.padding = 1}, true);
  for (const auto algorithm : kAlgorithms) EXPECT_TRUE(std::isnan(conv.run(algorithm, to_channels_last(x), {}).data<float>()[0]));
}

TEST(InferenceConv2d, RefusesWhatDoesNotFit) {
  const InferenceConv2d conv(test::random_floats({8, 4, 3, 3}, 2), {}, {.padding = 1}, true);
  EXPECT_THROW(conv(Tensor::zeros({1, 5, 5, 3})), Error);                               // channels
  EXPECT_THROW(conv(Tensor::zeros({1, 5, 5, 4}), Tensor::zeros({1, 5, 5, 4})), Error);  // summand
  EXPECT_THROW(InferenceConv2d(test::random_floats({8, 4, 3, 3}, 2), {}, {.groups = 2}, false), Error);
}

/// Sums in the same order by fused multiply-adds: the same bits on every instruction set.
void expect_same_bits(const cpu::FConvKernels& fast, const cpu::FConvKernels& portable) {
  constexpr int64_t kRuns = 2, kRun = 21, kStride = 40;
  const Tensor x = test::random_floats({cpu::FTile::kRows + kRuns, kStride}, 1), bias = test::random_floats({64}, 3);
  const Tensor w = test::random_floats({64, kRuns * kRun}, 2);
  const Tensor added = test::random_floats({cpu::FTile::kRows, 64}, 9);
  const auto tile = [&](const cpu::FConvKernels& kernels, int64_t outputs, int rows, bool adds) {
    std::vector<float> packed(static_cast<size_t>(kRuns * kRun * kernels.strip)), y(64 * cpu::FTile::kRows);
    for (int64_t k = 0; k < outputs; ++k)
      for (int64_t i = 0; i < kRuns * kRun; ++i)
        packed[static_cast<size_t>(i * kernels.strip + k)] = w.data<float>()[k * kRuns * kRun + i];
    cpu::FTile t{.rows = {},
                 .count = rows,
                 .runs = kRuns,
                 .run_stride = kStride,
                 .run = kRun,
                 .weights = packed.data(),
                 .ahead = nullptr,
                 .outputs = outputs,
                 .bias = bias.data<float>(),
                 .added = adds ? added.data<float>() : nullptr,
                 .low = 0.0f,
                 .y = y.data(),
                 .y_stride = 64};
    for (int m = 0; m < rows; ++m) t.rows[m] = x.data<float>() + m * kStride;
    kernels.tile(t);
    return y;
  };
  for (int rows = 1; rows <= cpu::FTile::kRows; ++rows)
    for (int64_t outputs = 1; outputs <= portable.strip; ++outputs)
      for (bool adds : {false, true})
        ASSERT_EQ(tile(fast, outputs, rows, adds), tile(portable, outputs, rows, adds)) << rows << " rows, " << outputs << adds;
}

void expect_same_bits(const cpu::WinogradFloat& f, const cpu::WinogradFloat& p) {
  const Tensor bias = test::random_floats({64}, 3);
  constexpr int64_t kChannels = 38;
  const int64_t window = f.window();
  const Tensor image = test::random_floats({window, window, kChannels}, 5);
  std::vector<float> v(static_cast<size_t>(f.places() * kChannels)), v_portable(v.size());
  f.input(image.data<float>(), window * kChannels, kChannels, 0, v.data(), kChannels);
  p.input(image.data<float>(), window * kChannels, kChannels, 0, v_portable.data(), kChannels);
  EXPECT_EQ(v, v_portable);
  std::vector<const float*> pixels;
  for (int64_t i = 0; i < f.places(); ++i) pixels.push_back(image.data<float>() + i * kChannels);
  std::ranges::fill(v, -1.0f);
  f.border_input(pixels.data(), kChannels, 0, v.data(), kChannels);
  EXPECT_EQ(v, v_portable);
  const Tensor m = test::random_floats({f.places(), 16}, 7), summand = test::random_floats({4, 4, 16}, 8);
  for (int channels = 1; channels <= 16; ++channels)
    for (bool adds : {false, true}) {
      std::vector<float> y(256), want(256);
      for (auto* out : {&y, &want}) {
        const cpu::WinogradFloats o{bias.data<float>(), adds ? summand.data<float>() : nullptr, 0.0f, 16, 64, out->data()};
        (out == &y ? f : p).output(m.data<float>(), 16, o, 0, channels, 2, static_cast<int>(f.tile), 0);
      }
      ASSERT_EQ(y, want) << channels << adds;
    }
}

/// Plain weights are transformed by the same operations: the tests of whole layers above see other block sizes of it, too.
TEST(WinogradPlain, SameBitsAsTransformedWeights) {
  for (const Shape& x : {Shape{1, 7, 7, 32}, Shape{2, 3, 5, 21}, Shape{2, 9, 9, 16}, Shape{6, 4, 4, 12}})
    for (const int64_t outputs : {5, 64, 130}) {
      const InferenceConv2d conv(test::random_floats({outputs, x[3], 3, 3}, 2), test::random_floats({outputs}, 3), {.padding = 1},
                                 true);
      const Tensor in = test::random_floats(x, 1);
      EXPECT_TRUE(test::bits_equal(conv.run(InferenceConv2d::Algorithm::winograd_plain, in, {}),
                                   conv.run(InferenceConv2d::Algorithm::winograd, in, {})))
          << x << outputs;
    }
}

TEST(FConvKernels, SameBitsAsThePortableOnes) {
  for (const auto& [isa, kernels] : test::kernels_of_each_set()) {
    SCOPED_TRACE(isa);
    expect_same_bits(*kernels.fconv, *test::portable_kernels().fconv);
    expect_same_bits(kernels.fconv->winograd, test::portable_kernels().fconv->winograd);
  }
}

TEST(DepthwiseConv2d, IsConvolutionOfAsManyGroups) {
  const Tensor x = test::random_floats({2, 5, 13, 11}, 1), w = test::random_floats({5, 1, 3, 3}, 2);
  for (const Conv2dOptions& o : {Conv2dOptions{.padding = 1, .groups = 5}, Conv2dOptions{.stride = 2, .groups = 5}})
    for (bool relu : {false, true})
      for (const Tensor& bias : {Tensor(), test::random_floats({5}, 3)}) {
        Tensor want = conv2d(x, w, bias, o);
        if (relu) relu_(want);
        const Tensor y = DepthwiseConv2d(w, bias, o, relu)(to_channels_last(x));
        EXPECT_LT(test::relative_error(to_channels_first(y), want), 1e-6) << relu;
      }
  EXPECT_THROW(DepthwiseConv2d(w, {}, {}, false), Error);
}

TEST(GroupedConv2d, IsConvolutionOfItsGroups) {
  const Tensor x = test::random_floats({2, 6, 9, 8}, 1), w = test::random_floats({10, 3, 3, 3}, 2);
  for (const Conv2dOptions& o : {Conv2dOptions{.padding = 1, .groups = 2}, Conv2dOptions{.stride = 2, .groups = 2}})
    for (bool relu : {false, true})
      for (const Tensor& bias : {Tensor(), test::random_floats({10}, 3)}) {
        Tensor want = conv2d(x, w, bias, o);
        if (relu) relu_(want);
        EXPECT_LT(test::relative_error(to_channels_first(GroupedConv2d(w, bias, o, relu)(to_channels_last(x))), want), 2e-5);
      }
  EXPECT_THROW(GroupedConv2d(w, {}, {.groups = 3}, false), Error);
}

/// What an image gives does not depend on the others of its batch, nor on the threads: every way of WinogradJob, and both weights.
TEST(InferenceConv2d, SameBitsForEveryBatchAndThreadCount) {
  const int threads = omp_get_max_threads();
  for (const auto& [size, channels] : {std::pair{7, 64}, {7, 520}, {14, 260}, {30, 20}, {4, 40}, {2, 30}}) {
    const Tensor x = test::random_floats({9, size, size, channels}, 1);
    const InferenceConv2d conv(test::random_floats({70, channels, 3, 3}, 2), {}, {.padding = 1}, true);
    omp_set_num_threads(1);
    const Tensor want = conv(x);
    for (const int n : {1, 2, 3})
      for (const int64_t batch : {1, 2, 9}) {
        omp_set_num_threads(n);
        EXPECT_TRUE(test::bits_equal(conv(x.slice(0, batch)), want.slice(0, batch))) << size << " " << n << " " << batch;
      }
  }
  omp_set_num_threads(threads);
}

TEST(ChannelsLastPool, SameValues) {
  Tensor x = test::random_floats({2, 5, 13, 11}, 1);
  x.data<float>()[40] = NAN;
  const MaxPool2dOptions o{.kernel = 3, .stride = 2, .padding = 1};
  const Tensor last = to_channels_last(x);
  const auto same = [](const Tensor& channels_last, const Tensor& want) {
    return test::bits_equal(to_channels_first(channels_last), want);
  };
  EXPECT_TRUE(same(max_pool2d_channels_last(last, o), max_pool2d(x, o)));
  EXPECT_TRUE(same(adaptive_max_pool2d_channels_last(last, {4, 3}), adaptive_max_pool2d(x, {4, 3})));
  EXPECT_TRUE(same(adaptive_avg_pool2d_channels_last(last, {4, 3}), adaptive_avg_pool2d(x, {4, 3})));
}

}  // namespace
}  // namespace octet::ops
