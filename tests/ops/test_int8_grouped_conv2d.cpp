// int8 convolutions of several groups against the naive twin, in codes: the kernels of every instruction set that this CPU has, with
// shapes that fill no block, borders of every kind and zero points at the ends.
#include <omp.h>

#include "ops/conv/conv2d.h"
#include "ops/int8/add.h"
#include "ops/int8/elementwise.h"
#include "tests/support/int8_layer.h"
#include "tests/support/kernels.h"

namespace octet::ops::int8 {
namespace {

using Case = test::Int8Case;

Im2colShape shape_of(const Tensor& x, const Conv2dParams& p) {
  return conv2d_shape({x.size(0), x.size(3), x.size(1), x.size(2)}, p.weight.shape(), p.options);
}

Requantization requantization_of(const Conv2dParams& p) { return {p, conv2d_rule(p.engine, p.options.groups)}; }

/// The two ways, each with the kernel of a set.
Tensor depthwise(const cpu::Kernels& kernels, const Tensor& x, const Conv2dParams& p, const FollowUp& follow_up = {}) {
  return DepthwiseConv2d(p.weight, p.options.stride, p.input.zero_point, requantization_of(p), *kernels.qdepthwise)(
      x, shape_of(x, p), follow_up);
}
Tensor direct(const cpu::Kernels& kernels, const Tensor& x, const Conv2dParams& p, const FollowUp& follow_up = {}) {
  return DirectConv2d(p.weight, p.options.groups, p.input.zero_point, requantization_of(p), *kernels.qconv)(x, shape_of(x, p),
                                                                                                            follow_up);
}
using Way = Tensor (*)(const cpu::Kernels&, const Tensor&, const Conv2dParams&, const FollowUp&);

/// f(way, kernels) for each way that applies.
template <class F>
void for_each_way(const Conv2dParams& p, F&& f) {
  for (const auto& [isa, kernels] : test::kernels_of_each_set()) {
    SCOPED_TRACE(isa);
    f(Way{direct}, kernels);
    if (DepthwiseConv2d::applies(p.weight, p.options)) f(Way{depthwise}, kernels);
  }
}

/// All engines, weight schemes and relu.
void expect_same_codes(const Case& c) {
  const Tensor x = test::random_codes(c.x, DType::quint8, 1);
  for (const Engine engine : kEngines)
    for (bool per_channel : {false, true})
      for (bool relu : {false, true}) {
        const Conv2dParams p = test::int8_layer(c.weight, c.options, engine, per_channel, relu);
        const Tensor want = reference::int8_conv2d(x, p);
        for_each_way(p, [&](Way way, const cpu::Kernels& kernels) {
          EXPECT_TRUE(test::codes_equal(way(kernels, x, p, {}), want)) << name_of(engine) << per_channel << relu;
        });
      }
}

/// One engine; the input's zero point.
void expect_same_codes(const Case& c, int32_t zero_point) {
  const Tensor x = test::random_codes(c.x, DType::quint8, 1);
  Conv2dParams p = test::int8_layer(c.weight, c.options, Engine::qnnpack, true, false);
  p.input.zero_point = zero_point;
  const Tensor want = reference::int8_conv2d(x, p);
  for_each_way(p, [&](Way way, const cpu::Kernels& kernels) {
    EXPECT_TRUE(test::codes_equal(way(kernels, x, p, {}), want)) << c << p.options.stride << p.options.padding << zero_point;
  });
}

class Int8Groups : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    Depthwise, Int8Groups,
    ::testing::Values(Case{{2, 9, 8, 1}, {1, 1, 3, 3}, {.padding = 1, .groups = 1}},
                      Case{{1, 9, 8, 3}, {3, 1, 3, 3}, {.padding = 1, .groups = 3}},
                      Case{{2, 7, 7, 7}, {7, 1, 3, 3}, {.stride = 2, .padding = 1, .groups = 7}},
                      Case{{1, 8, 9, 17}, {17, 1, 5, 5}, {.padding = 2, .groups = 17}},
                      Case{{3, 7, 6, 33}, {33, 1, 3, 3}, {.padding = 1, .groups = 33}},
                      Case{{1, 9, 9, 100}, {100, 1, 5, 5}, {.stride = 2, .padding = 2, .groups = 100}},
                      Case{{1, 5, 4, 130}, {130, 1, 3, 3}, {.padding = 1, .groups = 130}},   // x86's rule of more than 100 groups
                      Case{{1, 3, 150, 64}, {64, 1, 3, 3}, {.padding = 1, .groups = 64}}));  // tiles of a row
INSTANTIATE_TEST_SUITE_P(FewChannels, Int8Groups,
                         ::testing::Values(Case{{2, 7, 7, 8}, {12, 2, 3, 3}, {.padding = 1, .groups = 4}},
                                           Case{{1, 8, 7, 64}, {64, 4, 3, 3}, {.padding = 1, .groups = 16}},
                                           Case{{2, 8, 7, 24}, {24, 8, 3, 3}, {.stride = 2, .padding = 1, .groups = 3}},
                                           Case{{1, 6, 7, 32}, {32, 16, 3, 3}, {.padding = 1, .groups = 2}},
                                           Case{{1, 5, 5, 96}, {144, 32, 3, 3}, {.padding = 1, .groups = 3}},
                                           Case{{1, 6, 5, 15}, {10, 3, 2, 3}, {.padding = 1, .groups = 5}},
                                           Case{{2, 6, 5, 7}, {21, 1, 3, 3}, {.padding = 1, .groups = 7}},  // three outputs each
                                           Case{{2, 7, 6, 40}, {140, 20, 1, 1}, {.stride = 2, .groups = 2}}));
TEST_P(Int8Groups, SameCodes) { expect_same_codes(GetParam()); }

TEST(Int8Depthwise, KernelsOfAllSizes) {
  for (int64_t R = 1; R <= 7; ++R)
    for (int64_t S = 1; S <= 7; ++S)
      for (const Size2 stride : {Size2(1), Size2(2), Size2(3, 1), Size2(1, 4)})
        for (const Size2 padding : {Size2(0), Size2(R / 2, S / 2), Size2(R + 1, S + 2)})
          if (5 + 2 * padding.h >= R && 6 + 2 * padding.w >= S)
            expect_same_codes({{1, 5, 6, 5}, {5, 1, R, S}, {.stride = stride, .padding = padding, .groups = 5}}, 119);
}

TEST(Int8Depthwise, ImagesSmallerThanTheKernelAndZeroPointsAtTheEnds) {
  for (const int32_t zero_point : {0, 1, 128, 255})
    for (const int64_t size : {1, 2, 3})
      for (const int64_t kernel : {3, 5, 7})
        for (const int64_t N : {1, 3})
          expect_same_codes({{N, size, 1, 33}, {33, 1, kernel, kernel}, {.padding = kernel / 2 + 1, .groups = 33}}, zero_point);
}

TEST(Int8GroupedConv2d, ZeroPointsAtTheEnds) {
  for (const int32_t zero_point : {0, 128, 255})
    expect_same_codes({{1, 5, 6, 24}, {24, 4, 3, 3}, {.padding = 2, .groups = 6}}, zero_point);
}

/// The largest sums of either sign.
TEST(Int8Depthwise, ExtremeSumsAreExact) {
  for (const int weight : {-128, 127})
    for (const int code : {0, 255})
      for (const int32_t zero_point : {0, 255}) {
        Conv2dParams p = test::int8_layer({3, 1, 7, 7}, {.padding = 3, .groups = 3}, Engine::qnnpack, true, false);
        std::fill_n(p.weight.data<int8_t>(), p.weight.numel(), static_cast<int8_t>(weight));
        p.input.zero_point = zero_point;
        p.weight_scale = {1e-4f, 2e-4f, 3e-4f};
        Tensor x({1, 8, 8, 3}, DType::quint8);
        std::fill_n(x.data<uint8_t>(), x.numel(), static_cast<uint8_t>(code));
        for_each_way(p, [&](Way way, const cpu::Kernels& kernels) {
          EXPECT_TRUE(test::codes_equal(way(kernels, x, p, {}), reference::int8_conv2d(x, p))) << weight << code << zero_point;
        });
      }
}

TEST(Int8GroupedConv2d, AddsWhatFollows) {
  for (const Case& c : {Case{{2, 7, 5, 36}, {36, 1, 3, 3}, {.padding = 1, .groups = 36}},
                        Case{{2, 7, 5, 36}, {36, 4, 3, 3}, {.padding = 1, .groups = 9}}})
    for (const Engine engine : kEngines) {
      const Tensor x = test::random_codes(c.x, DType::quint8, 1), other = test::random_codes(c.x, DType::quint8, 7);
      const Conv2dParams p = test::int8_layer(c.weight, c.options, engine, true, false);
      const AddParams sum{.a = p.output, .b = {0.2f, 31}, .output = {0.4f, 77}, .relu = true, .engine = engine};
      const Addition addition(sum);
      const Tensor want = add(reference::int8_conv2d(x, p), other, sum);
      for_each_way(p, [&](Way way, const cpu::Kernels& kernels) {
        EXPECT_TRUE(test::codes_equal(way(kernels, x, p, {&addition, other.data<uint8_t>()}), want)) << name_of(engine);
      });
    }
}

TEST(Int8GroupedConv2d, ClampsWhatFollows) {
  for (const Case& c :
       {Case{{2, 7, 5, 36}, {36, 1, 3, 3}, {.padding = 1, .groups = 36}},
        Case{{2, 7, 5, 36}, {36, 4, 3, 3}, {.padding = 1, .groups = 9}}, Case{{2, 9, 7, 36}, {70, 36, 3, 3}, {.padding = 1}}})
    for (const ConvAlgorithm algorithm : kConvAlgorithms)
      for (const CodeRange range : {CodeRange{103, 140}, CodeRange{0, 90}, CodeRange{180, 255}}) {
        const Tensor x = test::random_codes(c.x, DType::quint8, 1);
        Conv2dParams p = test::int8_layer(c.weight, c.options, Engine::fbgemm, true, false);
        p.choices = {choice_here(x.shape(), algorithm)};
        EXPECT_TRUE(test::codes_equal(Conv2d(p)(x, range), clamp(reference::int8_conv2d(x, p), range.qmin, range.qmax)))
            << name_of(algorithm);
      }
}

TEST(Int8GroupedConv2d, SameCodesForAnyNumberOfThreads) {
  const int threads = omp_get_max_threads();
  for (const Case& c : {Case{{2, 13, 9, 80}, {80, 1, 3, 3}, {.padding = 1, .groups = 80}},
                        Case{{2, 13, 9, 80}, {80, 8, 3, 3}, {.padding = 1, .groups = 10}}}) {
    const Tensor x = test::random_codes(c.x, DType::quint8, 1);
    const Conv2d conv(test::int8_layer(c.weight, c.options, Engine::qnnpack, true, true));
    const Tensor want = reference::int8_conv2d(x, conv.params());
    for (const int count : {1, 2, 3, 5}) {
      omp_set_num_threads(count);
      EXPECT_TRUE(test::codes_equal(conv(x), want)) << count;
    }
    omp_set_num_threads(threads);
  }
}

TEST(Int8GroupedConv2d, EveryAlgorithmTakesABatchOfNone) {
  for (const Case& c : {Case{{0, 5, 6, 8}, {8, 1, 3, 3}, {.padding = 1, .groups = 8}},
                        Case{{0, 5, 6, 8}, {4, 4, 3, 3}, {.padding = 1, .groups = 2}}, Case{{0, 5, 6, 8}, {4, 8, 3, 3}, {}}})
    for (const ConvAlgorithm algorithm : kConvAlgorithms) {
      Conv2dParams p = test::int8_layer(c.weight, c.options, Engine::qnnpack, true, true);
      const Tensor x(c.x, DType::quint8);
      p.choices = {choice_here(x.shape(), algorithm)};
      const int64_t removed = 2 - 2 * p.options.padding.h;
      EXPECT_EQ(Conv2d(p)(x).shape(), (Shape{0, 5 - removed, 6 - removed, c.weight[0]})) << name_of(algorithm);
    }
}

/// Sums that become floats which no int32 holds: only im2col's requantization saturates by itself.
TEST(Int8GroupedConv2d, TinyOutputScalesGoByIm2col) {
  for (const Case& c :
       {Case{{1, 5, 6, 8}, {8, 1, 3, 3}, {.padding = 1, .groups = 8}}, Case{{1, 5, 6, 8}, {8, 8, 3, 3}, {.stride = 2}}})
    for (const Engine engine : kEngines) {
      Conv2dParams p = test::int8_layer(c.weight, c.options, engine, true, false);
      p.output.scale = 1e-9f;
      const Conv2d conv(p);
      const Tensor x = test::random_codes(c.x, DType::quint8, 1);
      EXPECT_EQ(conv.algorithm(x.shape()), ConvAlgorithm::im2col);
      EXPECT_TRUE(test::codes_equal(conv(x), reference::int8_conv2d(x, p))) << name_of(engine);
      p.output.scale = 1e-3f;
      EXPECT_EQ(Conv2d(p).has(ConvAlgorithm::depthwise, x.shape()), c.weight[1] == 1);
    }
}

TEST(Int8GroupedConv2d, DepthwiseGoesThatWayAndNothingElseDoes) {
  const auto chosen = [](const Shape& weight, int64_t groups) {
    const Conv2d conv(test::int8_layer(weight, {.padding = 1, .groups = groups}, Engine::qnnpack, true, true));
    return conv.algorithm({1, 5, 5, weight[1] * groups});
  };
  EXPECT_EQ(chosen({8, 1, 3, 3}, 8), ConvAlgorithm::depthwise);
  EXPECT_NE(chosen({16, 1, 3, 3}, 8), ConvAlgorithm::depthwise);
  EXPECT_NE(chosen({8, 2, 3, 3}, 4), ConvAlgorithm::depthwise);
}

}  // namespace
}  // namespace octet::ops::int8
