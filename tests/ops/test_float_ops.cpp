#include "ops/batch_norm.h"
#include "ops/elementwise.h"
#include "ops/pool.h"
#include "ops/softmax.h"
#include "tests/support/compare.h"
#include "tests/support/kernels.h"
#include "tests/support/make.h"

namespace octet::ops {
namespace {

TEST(BatchNorm, ByHand) {
  const BatchNormParams p{Tensor::from({2, 1}, {2}), Tensor::from({1, 0}, {2}), Tensor::from({3, 0}, {2}),
                          Tensor::from({4, 1}, {2}), 0.0f};
  EXPECT_TRUE(test::all_close(batch_norm(Tensor::from({5, 7, 1, -1}, {2, 2}), p), Tensor::from({3, 7, -1, -1}, {2, 2})));
  EXPECT_TRUE(test::fails_with([&] { batch_norm(Tensor::zeros({2, 3}), p); }, {"[2, 3]", "shape [3]", "[2]"}));
}

TEST(BatchNorm, ImagesAndRowsAgree) {
  const Tensor x = test::random_floats({2, 5, 1, 1}, 1);
  const BatchNormParams p{test::random_floats({5}, 2), test::random_floats({5}, 3), test::random_floats({5}, 4),
                          Tensor::full({5}, 0.7f)};
  EXPECT_TRUE(test::bits_equal(batch_norm(x, p).reshape({2, 5}), batch_norm(x.reshape({2, 5}), p)));
}

TEST(Affine, SameBitsOnEveryInstructionSet) {
  const Tensor x = test::random_floats({1003}, 1);
  Tensor fast({1003}), slow({1003});
  test::portable_kernels().affine(x.data<float>(), 1003, 1.1f, -0.3f, slow.data<float>());
  for (const auto& [isa, kernels] : test::kernels_of_each_set()) {
    kernels.affine(x.data<float>(), 1003, 1.1f, -0.3f, fast.data<float>());
    EXPECT_TRUE(test::bits_equal(fast, slow)) << isa;
  }
}

TEST(OutputSize, RoundedUpAWindowBeginsInTheImage) {
  EXPECT_EQ(output_size(6, 3, 2, 0), 2);
  EXPECT_EQ(output_size(6, 3, 2, 0, true), 3);
  EXPECT_EQ(output_size(7, 3, 2, 0, true), 3);  // fits
  EXPECT_EQ(output_size(4, 3, 2, 1, true), 3);  // begins at 3 of 0..3, the last pixel
  EXPECT_EQ(output_size(1, 2, 2, 1, true), 1);  // would begin in the padding behind
}

TEST(AvgPool2d, ByHand) {
  const Tensor x = Tensor::from({1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 1, 3, 3});
  EXPECT_TRUE(test::bits_equal(avg_pool2d(x, {.kernel = 2, .stride = 1}), Tensor::from({3, 4, 6, 7}, {1, 1, 2, 2})));
  EXPECT_TRUE(test::bits_equal(avg_pool2d(x, {.kernel = 2, .stride = 2, .padding = 1}),
                               Tensor::from({0.25f, 1.25f, 2.75f, 7}, {1, 1, 2, 2})));
  EXPECT_TRUE(test::bits_equal(avg_pool2d(x, {.kernel = 2, .stride = 2, .padding = 1, .count_include_pad = false}),
                               Tensor::from({1, 2.5f, 5.5f, 7}, {1, 1, 2, 2})));
  EXPECT_TRUE(test::bits_equal(avg_pool2d(x, {.kernel = 2, .stride = 2, .ceil_mode = true}),
                               Tensor::from({3, 4.5f, 7.5f, 9}, {1, 1, 2, 2})));
  EXPECT_TRUE(test::fails_with([&] { avg_pool2d(x, {.kernel = 2, .stride = 1, .padding = 2}); }, {"padding (2, 2)", "(2, 2)"}));
  EXPECT_TRUE(test::fails_with([&] { avg_pool2d(x.reshape({3, 3}), {.kernel = 2, .stride = 1}); }, {"[N, C, H, W]", "[3, 3]"}));
}

TEST(Multiply, AGateServesAllPixels) {
  const Tensor x = Tensor::from({1, 2, 3, 4, 5, 6, 7, 8}, {1, 2, 2, 2}), gate = Tensor::from({10, 100}, {1, 2, 1, 1});
  const Tensor want = Tensor::from({10, 20, 30, 40, 500, 600, 700, 800}, {1, 2, 2, 2});
  EXPECT_TRUE(test::bits_equal(multiply(x, gate), want));
  EXPECT_TRUE(test::bits_equal(multiply(gate, x), want));
  EXPECT_TRUE(test::bits_equal(multiply(to_channels_last(x), to_channels_last(gate)), to_channels_last(want)));
  EXPECT_TRUE(test::bits_equal(sum_to(x, {1, 2, 1, 1}), Tensor::from({10, 26}, {1, 2, 1, 1})));
  EXPECT_TRUE(test::bits_equal(sum_to(x, {1, 1, 2, 2}), Tensor::from({6, 8, 10, 12}, {1, 1, 2, 2})));
  EXPECT_TRUE(test::fails_with([&] { multiply(x, Tensor::zeros({1, 3, 1, 1})); }, {"[1, 2, 2, 2]", "[1, 3, 1, 1]"}));
  EXPECT_TRUE(test::fails_with([&] { multiply(x, Tensor::zeros({2, 1, 1})); }, {"[1, 2, 2, 2]", "[2, 1, 1]"}));
}

TEST(MaxPool2d, ByHand) {
  const Tensor x = Tensor::from({1, 2, 3, 4, 5, 6, 7, 8, -9}, {1, 1, 3, 3});
  EXPECT_TRUE(
      test::bits_equal(max_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1}), Tensor::from({5, 6, 8, 8}, {1, 1, 2, 2})));
  EXPECT_TRUE(test::bits_equal(max_pool2d(Tensor::full({1, 1, 2, 2}, -5), {.kernel = 3, .stride = 2, .padding = 1}),
                               Tensor::full({1, 1, 1, 1}, -5)));
  EXPECT_TRUE(test::fails_with([&] { max_pool2d(x, {.kernel = 3, .stride = 1, .padding = 2}); }, {"padding"}));
}

TEST(AdaptivePools, ByHand) {
  const Tensor x = Tensor::from({1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 1, 3, 3});
  EXPECT_TRUE(test::bits_equal(adaptive_avg_pool2d(x, 1), Tensor::full({1, 1, 1, 1}, 5)));
  EXPECT_TRUE(test::bits_equal(adaptive_max_pool2d(x, 1), Tensor::full({1, 1, 1, 1}, 9)));
  EXPECT_TRUE(
      test::bits_equal(adaptive_avg_pool2d(x, 2), Tensor::from({3, 4, 6, 7}, {1, 1, 2, 2})));  // windows overlap: 0..1 and 1..2
  EXPECT_TRUE(test::bits_equal(adaptive_max_pool2d(x, {1, 3}), Tensor::from({7, 8, 9}, {1, 1, 1, 3})));
}

TEST(Elementwise, ByHand) {
  const Tensor x = Tensor::from({-1, 0, 2}, {3});
  EXPECT_TRUE(test::bits_equal(relu(x), Tensor::from({0, 0, 2}, {3})));
  EXPECT_TRUE(std::isnan(relu(Tensor::full({1}, NAN)).data<float>()[0]));
  EXPECT_TRUE(test::bits_equal(add(x, x), Tensor::from({-2, 0, 4}, {3})));
  EXPECT_TRUE(test::fails_with([&] { add(x, Tensor::zeros({4})); }, {"[3]", "[4]"}));
}

TEST(Cat, JoinsChannels) {
  const Tensor parts[] = {Tensor::from({1, 2, 3, 4}, {2, 1, 2}), Tensor::from({5, 6, 7, 8, 9, 10, 11, 12}, {2, 2, 2})};
  EXPECT_TRUE(test::bits_equal(cat_channels(parts), Tensor::from({1, 2, 5, 6, 7, 8, 3, 4, 9, 10, 11, 12}, {2, 3, 2})));
  const Tensor wrong[] = {parts[0], Tensor::zeros({2, 1, 3})};
  EXPECT_TRUE(test::fails_with([&] { cat_channels(wrong); }, {"[2, 1, 3]", "[2, 1, 2]"}));
}

TEST(Softmax, RowsSumToOne) {
  const Tensor p = softmax(Tensor::from({0, 0, 1000, 999}, {2, 2}));
  EXPECT_TRUE(test::all_close(p, Tensor::from({0.5f, 0.5f, 0.7310586f, 0.2689414f}, {2, 2})));
  EXPECT_EQ(argmax(p), (std::vector{0, 0}));
}

}  // namespace
}  // namespace octet::ops
