#include "tensor/tensor.h"

#include <set>

#include "tensor/convert.h"
#include "tensor/state_dict.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet {
namespace {

TEST(Tensor, KeepsShapeAndValues) {
  const Tensor t = Tensor::from({1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_EQ(t.numel(), 6);
  EXPECT_EQ(t.size(-1), 3);
  EXPECT_EQ(t.data<float>()[4], 5.0f);
  EXPECT_TRUE(test::fails_with([&] { t.size(2); }, {"dimension 2", "[2, 3]"}));
  EXPECT_TRUE(test::fails_with([&] { t.data<uint8_t>(); }, {"float32", "[2, 3]"}));
}

TEST(Tensor, ScalarAndEmpty) {
  EXPECT_EQ(Tensor::zeros({}).numel(), 1);
  EXPECT_EQ(Tensor::zeros({0, 3}).numel(), 0);
  EXPECT_FALSE(Tensor().defined());
  EXPECT_TRUE(Tensor::zeros({0}).defined());
}

TEST(Tensor, ReshapeAndSliceShareBytes) {
  Tensor t = Tensor::from({1, 2, 3, 4, 5, 6}, {3, 2});
  Tensor row = t.slice(1, 2);
  row.data<float>()[0] = 9;
  EXPECT_EQ(t.reshape({6}).data<float>()[2], 9.0f);
  EXPECT_NE(t.clone().bytes(), t.bytes());
  EXPECT_TRUE(test::fails_with([&] { t.reshape({4}); }, {"reshape", "[3, 2] -> [4]"}));
  EXPECT_TRUE(test::fails_with([&] { t.slice(2, 4); }, {"slice"}));
}

TEST(Tensor, ShapeLimits) {
  EXPECT_TRUE(test::fails_with([] { numel({-1}); }, {"negative"}));
  EXPECT_TRUE(test::fails_with([] { numel({int64_t{1} << 21, int64_t{1} << 21}); }, {"2^40"}));
  EXPECT_TRUE(test::fails_with([] { numel({int64_t{1} << 62, int64_t{1} << 62}); }, {"2^40"}));
}

TEST(Tensor, ChannelsLastAndBack) {
  const Tensor x = test::random_floats({2, 3, 4, 5}, 1);
  const Tensor nhwc = to_channels_last(x);
  EXPECT_EQ(nhwc.shape(), (Shape{2, 4, 5, 3}));
  EXPECT_EQ(nhwc.data<float>()[((1 * 4 + 2) * 5 + 3) * 3 + 1], x.data<float>()[((1 * 3 + 1) * 4 + 2) * 5 + 3]);
  EXPECT_TRUE(test::bits_equal(to_channels_first(nhwc), x));
}

TEST(Convert, HalfExhaustive) {  // every half is some float, and comes back
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto h = static_cast<uint16_t>(bits);
    const float f = f16_to_f32(h);
    if (std::isnan(f)) continue;
    ASSERT_EQ(f32_to_f16(f), h) << bits;
    ASSERT_EQ(f32_to_bf16(bf16_to_f32(h)), h) << bits;
  }
}

TEST(Convert, HalfRoundsToEven) {
  EXPECT_EQ(f16_to_f32(0x3c00), 1.0f);
  EXPECT_EQ(f16_to_f32(0x0001), 0x1p-24f);
  EXPECT_EQ(f16_to_f32(0x7bff), 65504.0f);
  EXPECT_EQ(f32_to_f16(1.0f + 0x1p-11f), 0x3c00);      // half way: to even
  EXPECT_EQ(f32_to_f16(1.0f + 3 * 0x1p-11f), 0x3c02);  // half way: to even
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);             // past the largest: infinity
  EXPECT_EQ(f32_to_f16(-65519.0f), 0xfbff);
  EXPECT_EQ(f32_to_bf16(1.0f + 0x1p-8f), 0x3f80);
}

TEST(Convert, BetweenTypes) {
  const Tensor x = Tensor::from({-1.5f, 0, 2.75f}, {3});
  EXPECT_EQ(x.to(DType::i64).data<int64_t>()[2], 2);
  EXPECT_EQ(x.to(DType::f64).data<double>()[0], -1.5);
  EXPECT_EQ(x.to(DType::boolean).data<uint8_t>()[1], 0);
  EXPECT_TRUE(test::bits_equal(x.to(DType::f16).to(DType::f32), x));
  EXPECT_TRUE(test::fails_with([&] { x.to(DType::quint8); }, {"quint8", "quantize"}));
}

TEST(StateDict, RefusesDuplicates) {
  StateDict state;
  state.add({"a", Tensor::zeros({1}), {}});
  EXPECT_TRUE(state.find("a") != nullptr && state.find("b") == nullptr);
  EXPECT_TRUE(test::fails_with([&] { state.add({"a", Tensor::zeros({1}), {}}); }, {"duplicate key 'a'"}));
}

TEST(Random, SameOnEveryMachine) {
  Generator generator(5489);  // the C++ standard gives the 10,000th value of this seed: 9981545732273789042
  for (int i = 1; i < 10000; ++i) generator.below(2);
  EXPECT_EQ(generator.below(1000), 42u);
  const Tensor x = test::random_floats({10000}, 3);
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < x.numel(); ++i) sum += x.data<float>()[i], squares += x.data<float>()[i] * x.data<float>()[i];
  EXPECT_NEAR(sum / 10000, 0, 0.05);
  EXPECT_NEAR(squares / 10000, 1, 0.05);
}

TEST(Random, MixedSeedsDiffer) {
  std::set<uint64_t> seeds;
  for (uint64_t seed = 0; seed < 10; ++seed)
    for (uint64_t a = 0; a < 10; ++a)
      for (uint64_t b = 0; b < 10; ++b) seeds.insert(mixed_seed(seed, {a, b}));
  EXPECT_EQ(seeds.size(), 1000u);
  EXPECT_NE(mixed_seed(1, {2, 3}), mixed_seed(1, {3, 2}));
}

}  // namespace
}  // namespace octet
