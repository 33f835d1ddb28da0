#include <set>

#include "ops/int8/add.h"
#include "ops/int8/conv2d.h"
#include "ops/int8/elementwise.h"
#include "ops/int8/linear.h"
#include "ops/int8/pool.h"
#include "ops/int8/quantize.h"
#include "tests/support/int8_layer.h"
#include "tests/support/kernels.h"

namespace octet::ops::int8 {
namespace {

TEST(RoundToCode, RoundsHalfToEvenAndClamps) {
  EXPECT_EQ(round_to_code(0.5f, 0, {0, 255}), 0);
  EXPECT_EQ(round_to_code(1.5f, 0, {0, 255}), 2);
  EXPECT_EQ(round_to_code(-2.5f, 10, {0, 255}), 8);
  EXPECT_EQ(round_to_code(1e30f, 7, {0, 255}), 255);
  EXPECT_EQ(round_to_code(-INFINITY, 7, {0, 255}), 0);
  EXPECT_EQ(round_to_code(NAN, 7, {0, 255}), 255);
}

TEST(RoundToCode, EqualsNearbyint) {  // floats around every quarter of every code and beyond
  for (int zero_point : {0, 1, 127, 255})
    for (int quarter = -1200; quarter <= 1200; ++quarter)
      for (int step = -2; step <= 2; ++step) {
        float v = static_cast<float>(quarter) / 4;
        for (int i = 0; i < std::abs(step); ++i) v = std::nextafter(v, step < 0 ? -1e9f : 1e9f);
        const double want = std::clamp(std::nearbyint(static_cast<double>(v)) + zero_point, 0.0, 255.0);
        ASSERT_EQ(round_to_code(v, zero_point, {0, 255}), static_cast<int>(want)) << v << " " << zero_point;
      }
}

TEST(Quantize, RoundTripOfEveryCode) {
  const QParams q{0.037f, 113};
  Tensor codes({256}, DType::quint8);
  for (int i = 0; i < 256; ++i) codes.data<uint8_t>()[i] = static_cast<uint8_t>(i);
  EXPECT_TRUE(test::codes_equal(quantize(dequantize(codes, q), q), codes));
}

TEST(Quantize, ImagesBecomeChannelsLast) {
  const Tensor x = test::random_floats({2, 3, 4, 5}, 1);
  const QParams q{0.02f, 128};
  EXPECT_EQ(quantize(x, q).shape(), (Shape{2, 4, 5, 3}));
  EXPECT_TRUE(test::all_close(dequantize(quantize(x, q), q), x, 0, 2.5f));  // clipped at +-2.5
  EXPECT_EQ(dequantize(quantize(x, q), q).shape(), x.shape());
}

TEST(Quantize, RefusesBadQParams) {
  const Tensor x = Tensor::zeros({1, 2});
  for (float scale : {0.0f, -0.1f, NAN, INFINITY})
    EXPECT_TRUE(test::fails_with([&] { quantize(x, {scale, 0}); }, {"scale", "positive finite"}));
  for (int zero_point : {-1, 256}) EXPECT_TRUE(test::fails_with([&] { quantize(x, {1, zero_point}); }, {"zero point", "0..255"}));
}

void expect_as_naive(const test::Int8Case& c) {
  test::expect_as_naive(c, [](const Tensor& x, const Conv2dParams& p) { return Conv2d(p)(x); });
}

TEST(Int8Conv2d, Stem) { expect_as_naive({{2, 23, 17, 3}, {8, 3, 7, 7}, {.stride = 2, .padding = 3}}); }
TEST(Int8Conv2d, ThreeByThree) { expect_as_naive({{2, 9, 9, 16}, {20, 16, 3, 3}, {.padding = 1}}); }
TEST(Int8Conv2d, ThreeByThreeStride2) { expect_as_naive({{1, 9, 8, 16}, {32, 16, 3, 3}, {.stride = 2, .padding = 1}}); }
TEST(Int8Conv2d, PointwiseStride2) { expect_as_naive({{2, 5, 6, 16}, {7, 16, 1, 1}, {.stride = 2}}); }
TEST(Int8Conv2d, OddDepth) { expect_as_naive({{1, 5, 5, 5}, {17, 5, 1, 1}, {}}); }
TEST(Int8Conv2d, Grouped) { expect_as_naive({{2, 7, 7, 8}, {12, 2, 3, 3}, {.padding = 1, .groups = 4}}); }
TEST(Int8Conv2d, Depthwise) { expect_as_naive({{2, 7, 7, 8}, {8, 1, 3, 3}, {.padding = 1, .groups = 8}}); }
TEST(Int8Conv2d, DeepLayerFillsSeveralTiles) { expect_as_naive({{1, 7, 7, 256}, {33, 256, 3, 3}, {.padding = 1}}); }

TEST(Int8Conv2d, RefusesWhatDoesNotFit) {
  const Conv2dParams p = test::int8_layer({4, 3, 3, 3}, {}, Engine::qnnpack, false, false);
  EXPECT_TRUE(test::fails_with(
      [&] {
        const Conv2d conv(p);
        conv(Tensor::zeros({1, 8, 8, 3}));
      },
      {"quint8", "float32"}));
  Conv2dParams bad = p;
  bad.weight_scale = {0.1f, 0.1f};
  EXPECT_TRUE(test::fails_with([&] { Conv2d{bad}; }, {"2 weight scales", "4 output channels"}));
  bad = p;
  bad.weight_scale = {NAN};
  EXPECT_TRUE(test::fails_with([&] { Conv2d{bad}; }, {"weight scale nan"}));
  bad = p;
  bad.output.zero_point = 300;
  EXPECT_TRUE(test::fails_with([&] { Conv2d{bad}; }, {"zero point 300"}));
  const Tensor undefined, three({4, 3, 3}, DType::qint8), floats({4, 3, 3, 3}), empty({0, 3, 3, 3}, DType::qint8);
  for (const Tensor& weight : {undefined, three, floats, empty}) {
    bad = p;
    bad.weight = weight;
    EXPECT_TRUE(test::fails_with([&] { Conv2d{bad}; }, {"int8 conv2d: expected weight qint8 [K, C/G, R, S], got"}));
  }
}

TEST(Int8Linear, AsTheNaiveOne) {
  const Tensor x = test::random_codes({5, 33}, DType::quint8, 1);
  for (const Engine engine : kEngines)
    for (const bool per_channel : {false, true})
      for (const bool relu : {false, true}) {
        LinearParams p = test::int8_layer({7, 33, 1, 1}, {}, engine, per_channel, relu);
        p.weight = p.weight.reshape({7, 33});
        EXPECT_TRUE(test::codes_equal(Linear(p)(x), reference::int8_linear(x, p))) << name_of(engine) << per_channel << relu;
      }
}

TEST(Engine, HasANameOfItsOwnAndNoOtherHasOne) {
  std::set<std::string_view> names;
  for (const Engine engine : kEngines) {
    EXPECT_TRUE(names.insert(name_of(engine)).second) << name_of(engine);
    EXPECT_EQ(engine_named(name_of(engine)), engine);
  }
  EXPECT_EQ(engine_named("x86"), std::nullopt);
  EXPECT_TRUE(test::fails_with([] { name_of(static_cast<Engine>(17)); }, {"no engine", "17"}));
}

/// should_use_onednn_quant: PyTorch's x86 gives convolutions of more than 100 groups to fbgemm.
TEST(Engine, X86RoundsManyGroupsAsFbgemm) {
  EXPECT_EQ(conv2d_rule(Engine::x86_vnni, 100), conv2d_rule(Engine::onednn, 100));
  EXPECT_EQ(conv2d_rule(Engine::x86_vnni, 101), conv2d_rule(Engine::fbgemm, 101));
  EXPECT_EQ(conv2d_rule(Engine::onednn, 101), conv2d_rule(Engine::onednn, 1));
}

TEST(Int8Linear, RefusesOtherWeights) {
  const Tensor undefined, four({4, 3, 1, 1}, DType::qint8), floats({4, 3});
  for (const Tensor& weight : {undefined, four, floats})
    EXPECT_TRUE(test::fails_with(
        [&] {
          Linear({weight, {1}, Tensor(), false, Engine::qnnpack, {}, {}});
        },
        {"int8 linear: expected weight qint8 [K, C], got"}));
}

TEST(Qgemm, SameSumsOnEveryInstructionSet) {
  for (int64_t rows : {1, 5, 6, 7, 13}) {
    const int64_t outputs = 37, depth = 75;
    const Tensor w = test::random_codes({outputs, depth}, DType::qint8, 1);
    const cpu::PackedWeights packed(w.data<int8_t>(), outputs, depth);
    std::vector<int16_t> a(static_cast<size_t>(rows * packed.depth));
    Generator generator(2);
    for (int16_t& v : a) v = static_cast<int16_t>(static_cast<int>(generator.below(511)) - 255);
    std::vector<int32_t> fast(static_cast<size_t>(rows * packed.padded_outputs())), portable(fast.size());
    const auto run = [&](cpu::QGemm* qgemm, std::vector<int32_t>& acc) {
      qgemm(a.data(), rows, packed.panels.data<int16_t>(), packed.padded_outputs(), packed.depth, acc.data());
    };
    run(test::portable_kernels().qgemm, portable);
    for (const auto& [isa, kernels] : test::kernels_of_each_set()) {
      run(kernels.qgemm, fast);
      EXPECT_EQ(fast, portable) << isa;
    }
  }
}

TEST(Qgemm, ExtremeSumsStayExact) {
  const int64_t depth = 4608;
  const std::vector<int8_t> w(static_cast<size_t>(depth), -128);
  const cpu::PackedWeights packed(w.data(), 1, depth);
  const std::vector<int16_t> a(static_cast<size_t>(depth), 255);
  std::vector<int32_t> acc(static_cast<size_t>(packed.padded_outputs()));
  cpu::qgemm(a.data(), 1, packed, acc.data());
  EXPECT_EQ(acc[0], -128 * 255 * 4608);
  EXPECT_TRUE(test::fails_with([] { cpu::PackedWeights(nullptr, 0, 70000); }, {"70000", "overflow"}));
}

/// Where the sum lies within a hundredth of a code of the middle between two, either will do.
TEST(QuantizedAdd, GivesTheCodeNearestToTheRealSum) {
  const Tensor a = test::random_codes({4096}, DType::quint8, 1), b = test::random_codes({4096}, DType::quint8, 2);
  for (Engine engine : kEngines)
    for (bool relu : {false, true}) {
      const Tensor y = add(a, b, {{0.05f, 120}, {0.03f, 90}, {0.06f, 100}, relu, engine});
      for (int64_t i = 0; i < y.numel(); ++i) {
        const double real = (a.data<uint8_t>()[i] - 120) * 0.05 + (b.data<uint8_t>()[i] - 90) * 0.03;
        ASSERT_NEAR(y.data<uint8_t>()[i], std::clamp(real / 0.06 + 100, relu ? 100.0 : 0.0, 255.0), 0.51)
            << name_of(engine) << relu;
      }
    }
  EXPECT_TRUE(test::fails_with([&] { add(a, b, {{1e9f, 0}, {1, 0}, {1e-3f, 0}, false, Engine::qnnpack}); }, {"too far"}));
}

/// Each pair of codes, in runs that end inside a vector and leave gaps.
TEST(QuantizedAdd, SameCodesAsThePortableKernels) {
  constexpr cpu::QAddRuns kRuns{420, 157, 160};
  constexpr int64_t kSize = kRuns.rows * kRuns.stride;
  std::vector<uint8_t> a(kSize), b(kSize);
  for (int64_t i = 0, pair = 0; i < kSize; ++i)
    if (i % kRuns.stride < kRuns.n) {
      a[static_cast<size_t>(i)] = static_cast<uint8_t>(pair & 255);
      b[static_cast<size_t>(i)] = static_cast<uint8_t>(pair++ >> 8);
    }
  const auto expect_equal = [&](const auto kernel, const auto& constants) {
    std::vector<uint8_t> fast(kSize, 7), plain(kSize, 7);
    (test::portable_kernels().qadd->*kernel)(a.data(), b.data(), kRuns, constants, plain.data());
    for (const auto& [isa, kernels] : test::kernels_of_each_set()) {
      (kernels.qadd->*kernel)(a.data(), b.data(), kRuns, constants, fast.data());
      EXPECT_EQ(fast, plain) << isa;
    }
  };
  for (int32_t za : {0, 131, 255})
    for (int32_t zy : {0, 90, 255})
      for (int32_t qmin : {0, zy}) {
        // Ratios of the scales of 1.3 and 0.4; the largest sums that there are; the smallest, which are rounded away.
        for (const auto [ma, mb, shift] :
             {std::array{2726298, 838861, 21}, {4194304, 4194304, 14}, {2097152, -4194304, 14}, {4194303, 2097152, 31}})
          expect_equal(&cpu::QAddKernels::by_shift, cpu::QAddShift{za, 17, ma, mb, shift, zy, qmin});
        for (const float inverse_scale : {20.0f, 1e-3f, 1e9f})
          expect_equal(&cpu::QAddKernels::by_float, cpu::QAddFloat{0.05f, -0.05f * za, 0.03f, -0.51f, inverse_scale, zy, qmin});
      }
}

TEST(QuantizedPools, MaxOfManyChannels) {
  const Tensor x = test::random_codes({2, 9, 11, 150}, DType::quint8, 1);
  const MaxPool2dOptions o{.kernel = 3, .stride = 2, .padding = 1};
  const Tensor y = max_pool2d(x, o);
  const auto at = [&](int64_t n, int64_t h, int64_t w, int64_t c) {
    return h < 0 || w < 0 || h >= 9 || w >= 11 ? 0 : x.data<uint8_t>()[((n * 9 + h) * 11 + w) * 150 + c];
  };
  ASSERT_EQ(y.shape(), (Shape{2, 5, 6, 150}));
  for (int64_t i = 0; i < y.numel(); ++i) {
    const int64_t n = i / (5 * 6 * 150), h = i / (6 * 150) % 5 * 2 - 1, w = i / 150 % 6 * 2 - 1;
    int most = 0;
    for (int64_t e = 0; e < 9; ++e) most = std::max(most, static_cast<int>(at(n, h + e / 3, w + e % 3, i % 150)));
    ASSERT_EQ(y.data<uint8_t>()[i], most) << i;
  }
}

TEST(QuantizedPools, ByHand) {
  const Tensor x = Tensor::from<uint8_t>({1, 10, 2, 20, 3, 30, 4, 40}, {1, 2, 2, 2}, DType::quint8);  // two channels
  EXPECT_TRUE(
      test::codes_equal(max_pool2d(x, {.kernel = 2, .stride = 2}), Tensor::from<uint8_t>({4, 40}, {1, 1, 1, 2}, DType::quint8)));
  EXPECT_TRUE(test::codes_equal(adaptive_avg_pool2d(x, 1, {0.1f, 0}, Engine::qnnpack),
                                Tensor::from<uint8_t>({2, 25}, {1, 1, 1, 2}, DType::quint8)));  // 2.5 to even
  EXPECT_TRUE(test::codes_equal(flatten(x), Tensor::from<uint8_t>({1, 2, 3, 4, 10, 20, 30, 40}, {1, 8}, DType::quint8)));
}

TEST(QuantizedPools, AveragesInAnotherScale) {
  const Tensor x = Tensor::from<uint8_t>({11, 20, 12, 30, 13, 40, 14, 50}, {1, 2, 2, 2}, DType::quint8);
  const QParams from{0.1f, 10}, to{0.05f, 100};  // 2.5 and 25 steps of 0.1 are 5 and 50 of 0.05
  const Tensor want = Tensor::from<uint8_t>({105, 150}, {1, 1, 1, 2}, DType::quint8);
  for (const Engine engine : kEngines) {
    EXPECT_TRUE(test::codes_equal(adaptive_avg_pool2d(x, 1, from, engine, to), want));
    EXPECT_TRUE(test::codes_equal(avg_pool2d(x, {.kernel = 2, .stride = 2}, from, engine, to), want));
  }
}

TEST(QuantizedCat, RequantizesToTheOutputsScale) {
  const Tensor parts[] = {Tensor::from<uint8_t>({10, 20}, {1, 2}, DType::quint8),
                          Tensor::from<uint8_t>({10, 200}, {1, 2}, DType::quint8)};
  const QParams qparams[] = {{0.1f, 0}, {0.2f, 5}};
  EXPECT_TRUE(test::codes_equal(cat_channels(parts, qparams, {0.1f, 0}),
                                Tensor::from<uint8_t>({10, 20, 10, 255}, {1, 4}, DType::quint8)));
}

TEST(Lookup, EachCodeByTheTable) {
  CodeTable table;
  for (size_t q = 0; q < 256; ++q) table[q] = static_cast<uint8_t>(255 - q);
  Tensor x({2, 3, 5, 7}, DType::quint8), want = x.clone();
  for (int64_t i = 0; i < x.numel(); ++i) {
    x.data<uint8_t>()[i] = static_cast<uint8_t>(i * 37);
    want.data<uint8_t>()[i] = static_cast<uint8_t>(255 - x.data<uint8_t>()[i]);
  }
  EXPECT_TRUE(test::codes_equal(lookup(x, table), want));
  EXPECT_TRUE(test::fails_with([&] { lookup(Tensor({2}), table); }, {"int8 lookup", "float32"}));
}

}  // namespace
}  // namespace octet::ops::int8
