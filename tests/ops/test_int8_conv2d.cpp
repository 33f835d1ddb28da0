// The fast int8 convolutions against the naive twin, in codes: sizes that do not fill tiles, extreme values, every engine.
#include "ops/conv/conv2d.h"
#include "tests/support/int8_layer.h"
#include "tests/support/kernels.h"

namespace octet::ops::int8 {
namespace {

using Case = test::Int8Case;

Requantization requantization_of(const Conv2dParams& p) { return {p, conv2d_rule(p.engine, p.options.groups)}; }

Im2colShape shape_of(const Tensor& x, const Conv2dParams& p) {
  return conv2d_shape({x.size(0), x.size(3), x.size(1), x.size(2)}, p.weight.shape(), p.options);
}

/// make(weight, zero_point, requantization): the fast convolution.
template <class Make>
void expect_same_codes(const Case& c, Make&& make) {
  test::expect_as_naive(c, [&](const Tensor& x, const Conv2dParams& p) {
    return make(p.weight, p.input.zero_point, requantization_of(p))(x, shape_of(x, p));
  });
}

class Winograd : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    Shapes, Winograd,
    ::testing::Values(Case{{1, 4, 4, 2}, {1, 2, 3, 3}, {.padding = 1}}, Case{{1, 1, 1, 2}, {3, 2, 3, 3}, {.padding = 1}},
                      Case{{2, 13, 9, 16}, {20, 16, 3, 3}, {.padding = 1}}, Case{{3, 7, 7, 66}, {70, 66, 3, 3}, {.padding = 1}},
                      Case{{2, 10, 11, 8}, {64, 8, 3, 3}, {}}, Case{{1, 5, 6, 34}, {80, 34, 3, 3}, {.padding = 2}},
                      Case{{2, 9, 9, 256}, {256, 256, 3, 3}, {.padding = 1}},      // weights above 3 MiB: strip by strip
                      Case{{2, 14, 14, 250}, {190, 250, 3, 3}, {.padding = 1}}));  // and several blocks of tiles

auto winograd_of(WinogradConv2d::Weights form) {
  return [form](const Tensor& w, int32_t zero_point, const Requantization& r) { return WinogradConv2d(form, w, zero_point, r); };
}

TEST_P(Winograd, SameCodes) { expect_same_codes(GetParam(), winograd_of(WinogradConv2d::Weights::transformed)); }

class WinogradOfPlainWeights : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    Shapes, WinogradOfPlainWeights,
    ::testing::Values(Case{{1, 7, 7, 66}, {70, 66, 3, 3}, {.padding = 1}},  // tiles of every kind, four in all
                      Case{{1, 7, 7, 64}, {128, 64, 3, 3}, {.padding = 1}},
                      Case{{2, 7, 7, 10}, {16, 10, 3, 3}, {.padding = 1}},    // kinds of two tiles each
                      Case{{1, 14, 14, 32}, {64, 32, 3, 3}, {.padding = 1}},  // four tiles of a kind
                      Case{{1, 8, 8, 6}, {20, 6, 3, 3}, {.padding = 1}},      // all whole
                      Case{{3, 5, 6, 4}, {5, 4, 3, 3}, {.padding = 1}}, Case{{1, 1, 1, 2}, {3, 2, 3, 3}, {.padding = 1}},
                      Case{{1, 10, 7, 8}, {30, 8, 3, 3}, {}}, Case{{1, 13, 18, 2}, {65, 2, 3, 3}, {.padding = 2}}));

TEST_P(WinogradOfPlainWeights, SameCodes) { expect_same_codes(GetParam(), winograd_of(WinogradConv2d::Weights::plain)); }

TEST(WinogradOfPlainWeights, AreForAFewTilesOnly) {
  const Conv2dParams p = test::int8_layer({8, 4, 3, 3}, {.padding = 1}, Engine::qnnpack, true, false);
  const bool here = WinogradConv2d::plain_weights_worthwhile();
  EXPECT_EQ(Conv2d(p).has(ConvAlgorithm::winograd_fused, {1, 24, 16, 4}), here);  // 24 tiles
  EXPECT_FALSE(Conv2d(p).has(ConvAlgorithm::winograd_fused, {1, 20, 20, 4}));     // 25
}

TEST(WinogradProof, HoldsUpToItsLimit) {
  const auto weight = [](int64_t channels, int value) {
    Tensor w({1, channels, 3, 3}, DType::qint8);
    std::fill_n(w.data<int8_t>(), w.numel(), static_cast<int8_t>(value));
    return w;
  };
  const auto applies = [&](int64_t channels, int value, int32_t zero_point, float bias = 0, Size2 stride = 1) {
    Tensor b({1});
    b.data<float>()[0] = bias;  // in codes: all scales are 1
    const Tensor w = weight(channels, value);
    const Requantization r({.weight = w, .weight_scale = {1.0f}, .bias = b}, LayerRule::int32_bias);
    return WinogradConv2d::applies(w, {.stride = stride, .padding = 1}, zero_point, r);
  };
  EXPECT_TRUE(applies(112, -128, 0));           // 112 * 9 * 128 * 255 = 32,901,120 < 2^25 = 33,554,432
  EXPECT_FALSE(applies(116, -128, 0));          // above
  EXPECT_TRUE(applies(116, -128, 128));         // 128 * ... is half
  EXPECT_TRUE(applies(112, -128, 0, -653311));  // the bias counts, of either sign
  EXPECT_FALSE(applies(112, -128, 0, -653312));
  EXPECT_FALSE(applies(112, -128, 0, 653312));
  EXPECT_FALSE(applies(3, 1, 0));  // odd
  EXPECT_FALSE(applies(4, 1, 0, 0, 2));
}

/// The largest sums that the proof allows, of either sign: every code still is the naive one.
TEST(WinogradProof, ExtremeSumsAreExact) {
  for (int w : {-128, 127})
    for (int code : {0, 255})
      for (int zero_point : {0, 255}) {
        Conv2dParams p = test::int8_layer({1, 112, 3, 3}, {.padding = 1}, Engine::qnnpack, true, false);
        std::fill_n(p.weight.data<int8_t>(), p.weight.numel(), static_cast<int8_t>(w));
        p.input.zero_point = zero_point;
        p.weight_scale = {1e-6f};
        p.bias.data<float>()[0] = (w < 0) == (zero_point == 0) ? -0.013f : 0.013f;  // 650,000 codes
        Tensor x({1, 6, 6, 112}, DType::quint8);
        std::fill_n(x.data<uint8_t>(), x.numel(), static_cast<uint8_t>(code));
        ASSERT_TRUE(WinogradConv2d::applies(p.weight, p.options, zero_point, requantization_of(p)));
        for (const auto form : {WinogradConv2d::Weights::transformed, WinogradConv2d::Weights::plain}) {
          const WinogradConv2d fast(form, p.weight, zero_point, requantization_of(p));
          EXPECT_TRUE(test::codes_equal(fast(x, shape_of(x, p)), reference::int8_conv2d(x, p))) << w << code << zero_point;
        }
      }
}

void expect_same_bits(const cpu::WinogradInt16& fast, const cpu::WinogradInt16& portable) {
  constexpr int64_t kChannels = 38;
  const Tensor image = test::random_codes({6, 6, kChannels}, DType::u8, 1);
  std::vector<int16_t> v(36 * kChannels), want(v.size());
  fast.input(image.data<uint8_t>(), 6 * kChannels, kChannels, 77, v.data(), kChannels);
  portable.input(image.data<uint8_t>(), 6 * kChannels, kChannels, 77, want.data(), kChannels);
  EXPECT_EQ(v, want);
  std::vector<const uint8_t*> pixels;
  for (int64_t i = 0; i < 36; ++i) pixels.push_back(image.data<uint8_t>() + i * kChannels);
  for (const auto* kernels : {&fast, &portable}) {
    std::ranges::fill(v, int16_t{-1});
    kernels->border_input(pixels.data(), kChannels, 77, v.data(), kChannels);
    EXPECT_EQ(v, want);
  }

  const Tensor weight = test::random_codes({fast.strip, kChannels, 3, 3}, DType::qint8, 2);
  const Tensor u = cpu::winograd_weights(weight, fast.strip), u_portable = cpu::winograd_weights(weight, portable.strip);
  const int64_t u_strip = kChannels * portable.strip;
  for (int rows = 1; rows <= cpu::kWinogradRows; ++rows) {
    std::vector<int32_t> m(static_cast<size_t>(rows * fast.strip));
    fast.multiply(v.data(), rows, kChannels, u.data<int16_t>(), nullptr, m.data());
    for (int64_t strip = 0; strip < fast.strip / portable.strip; ++strip) {
      std::vector<int32_t> part(static_cast<size_t>(rows * portable.strip));
      portable.multiply(v.data(), rows, kChannels, u_portable.data<int16_t>() + strip * 36 * u_strip, nullptr, part.data());
      for (int row = 0; row < rows; ++row)
        for (int64_t k = 0; k < portable.strip; ++k)
          ASSERT_EQ(m[static_cast<size_t>(row * fast.strip + strip * portable.strip + k)],
                    part[static_cast<size_t>(row * portable.strip + k)]);
    }
  }
}
TEST(WinogradKernels, SameBitsAsThePortableOnes) {
  for (const auto& [isa, kernels] : test::kernels_of_each_set()) {
    SCOPED_TRACE(isa);
    expect_same_bits(*kernels.winograd_int16, *test::portable_kernels().winograd_int16);
  }
}

/// Plain weights' products, whichever of four tiles need a row of places or its last one, against the portable kernels'.
void expect_same_products(const cpu::WinogradFused& fused, const cpu::WinogradInt16& portable) {
  constexpr int64_t kChannels = 22, kPanel = cpu::kWinogradPanel;
  constexpr int kTiles = cpu::WinogradFused::kTiles, kRow = cpu::kWinogradWindow;
  ASSERT_EQ(portable.strip, kPanel);
  const Tensor weight = test::random_codes({kPanel, kChannels, 3, 3}, DType::qint8, 1);
  const Tensor plain = cpu::winograd_fused_weights(weight, kPanel), u = cpu::winograd_weights(weight, kPanel);
  std::vector<int16_t> v(cpu::kWinogradPlaces * kTiles * kChannels);
  Generator generator(3);
  for (int16_t& value : v) value = static_cast<int16_t>(25500 * (2 * generator.uniform() - 1));
  constexpr int64_t kPlaceStride = kTiles * kChannels, kMStride = kTiles * kPanel;
  std::vector<int32_t> want(cpu::kWinogradPlaces * kMStride);
  for (int64_t place = 0; place < cpu::kWinogradPlaces; ++place)
    portable.multiply(v.data() + place * kPlaceStride, kTiles, kChannels, u.data<int16_t>() + place * kChannels * kPanel, nullptr,
                      want.data() + place * kMStride);
  for (int row = 0; row < kRow; ++row)
    for (int end = 1; end <= kTiles; ++end)
      for (int last_begin = 0; last_begin <= end; ++last_begin)
        for (int last_end = last_begin; last_end <= end; ++last_end) {
          std::vector<int32_t> m(kRow * kMStride);
          fused.multiply_row(row, {0, end, last_begin, last_end}, v.data() + row * kRow * kPlaceStride, kPlaceStride, kChannels,
                             plain.data<int8_t>(), nullptr, m.data(), kMStride, kPanel);
          for (int j = 0; j < kRow; ++j)
            for (int t = j < kRow - 1 ? 0 : last_begin; t < (j < kRow - 1 ? end : last_end); ++t)
              for (int64_t k = 0; k < kPanel; ++k)
                ASSERT_EQ(m[static_cast<size_t>(j * kMStride + t * kPanel + k)],
                          want[static_cast<size_t>((row * kRow + j) * kMStride + t * kPanel + k)])
                    << "place " << row << ", " << j << " tile " << t << " of " << end << ", last " << last_begin << " to "
                    << last_end;
        }
}
TEST(WinogradKernels, SameProductsFromPlainWeights) {
  for (const auto& [isa, kernels] : test::kernels_of_each_set()) {
    SCOPED_TRACE(isa);
    expect_same_products(*kernels.winograd_fused, *test::portable_kernels().winograd_int16);
  }
}

class Direct : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, Direct,
                         ::testing::Values(Case{{2, 23, 17, 3}, {8, 3, 7, 7}, {.stride = 2, .padding = 3}},
                                           Case{{1, 5, 5, 5}, {17, 5, 1, 1}, {}},  // a run that is no multiple of four
                                           Case{{2, 9, 9, 16}, {65, 16, 3, 3}, {.padding = 1}},
                                           Case{{2, 8, 9, 32}, {100, 32, 1, 1}, {.stride = 2}},
                                           Case{{1, 7, 6, 12}, {33, 12, 2, 3}, {.stride = 1, .padding = 1}},
                                           Case{{1, 31, 29, 4}, {16, 4, 3, 3}, {.padding = 1}}));  // several blocks of pixels

TEST_P(Direct, SameCodes) {
  expect_same_codes(
      GetParam(), [](const Tensor& w, int32_t zero_point, const Requantization& r) { return DirectConv2d(w, 1, zero_point, r); });
}

}  // namespace
}  // namespace octet::ops::int8
