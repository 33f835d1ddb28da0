// Every backward against central differences of its forward.
#include "ops/batch_norm.h"
#include "ops/conv/conv2d.h"
#include "ops/conv/winograd.h"
#include "ops/cross_entropy.h"
#include "ops/elementwise.h"
#include "ops/linear.h"
#include "ops/pool.h"
#include "ops/reference/conv2d.h"
#include "tests/support/gradcheck.h"
#include "tests/support/make.h"

#include <omp.h>

namespace octet::ops {
namespace {

using test::gradient_is;
using test::random_floats;

void check_conv2d(const Shape& x_shape, const Shape& w_shape, const Conv2dOptions& o) {
  const Tensor x = random_floats(x_shape, 1), w = random_floats(w_shape, 2), b = random_floats({w_shape[0]}, 3);
  const auto f = [&] { return conv2d(x, w, b, o); };
  const Tensor dy = random_floats(f().shape(), 4);
  const Conv2dGradients d = conv2d_backward(dy, x, w, o, {.bias = true});
  EXPECT_TRUE(gradient_is(d.x, x, dy, f));
  EXPECT_TRUE(gradient_is(d.weight, w, dy, f));
  EXPECT_TRUE(gradient_is(d.bias, b, dy, f));
}

TEST(Conv2dBackward, Stem) { check_conv2d({2, 2, 9, 8}, {3, 2, 7, 7}, {.stride = 2, .padding = 3}); }
TEST(Conv2dBackward, ThreeByThree) { check_conv2d({3, 4, 5, 6}, {3, 4, 3, 3}, {.padding = 1}); }
TEST(Conv2dBackward, ThreeByThreeStride2) { check_conv2d({5, 3, 6, 5}, {4, 3, 3, 3}, {.stride = 2, .padding = 1}); }
TEST(Conv2dBackward, PointwiseStride2) { check_conv2d({2, 4, 5, 6}, {3, 4, 1, 1}, {.stride = 2}); }
TEST(Conv2dBackward, Pointwise) { check_conv2d({2, 4, 3, 3}, {3, 4, 1, 1}, {}); }
TEST(Conv2dBackward, Grouped) { check_conv2d({2, 4, 4, 4}, {6, 2, 3, 3}, {.padding = 1, .groups = 2}); }
TEST(Conv2dBackward, Depthwise) { check_conv2d({2, 4, 5, 6}, {4, 1, 3, 3}, {.padding = 1, .groups = 4}); }
TEST(Conv2dBackward, DepthwiseTwoOutputsEach) {
  check_conv2d({2, 3, 7, 6}, {6, 1, 5, 3}, {.stride = {2, 3}, .padding = {2, 1}, .groups = 3});
}
TEST(Conv2dBackward, UnequalSides) { check_conv2d({1, 3, 7, 6}, {4, 3, 2, 5}, {.stride = {1, 2}, .padding = {0, 2}}); }

TEST(Conv2dBackward, LeavesOutWhatIsNotWanted) {
  const Tensor x = random_floats({2, 4, 5, 5}, 1), w = random_floats({3, 4, 3, 3}, 2), dy = random_floats({2, 3, 5, 5}, 3);
  const Conv2dOptions o{.padding = 1};
  const Conv2dGradients all = conv2d_backward(dy, x, w, o), only_x = conv2d_backward(dy, x, w, o, {.weight = false}),
                        only_weight = conv2d_backward(dy, x, w, o, {.x = false});
  EXPECT_FALSE(only_x.weight.defined() || only_weight.x.defined() || all.bias.defined());
  EXPECT_TRUE(test::bits_equal(only_x.x, all.x));
  EXPECT_TRUE(test::bits_equal(only_weight.weight, all.weight));
  EXPECT_TRUE(test::fails_with([&] { conv2d_backward(x, x, w, o); }, {"[2, 4, 5, 5]", "[2, 3, 5, 5]"}));
}

// Twelve terms per tile element, transforms that grow values up to a hundredfold: about ten times a direct sum's rounding.
constexpr double kWinogradError = 5e-6;

void check_winograd(const Shape& x_shape, int64_t out_channels) {
  const Tensor x = random_floats(x_shape, 1), w = random_floats({out_channels, x_shape[1], 3, 3}, 2);
  const Conv2dOptions o{.padding = 1};
  const Tensor y = conv2d_winograd(x, w), dy = random_floats(y.shape(), 3);
  EXPECT_LT(test::relative_error(y, reference::conv2d(x, w, {}, o)), kWinogradError);
  const Conv2dGradients got = conv2d_winograd_backward(dy, x, w), want = conv2d_backward(dy, x, w, o);
  EXPECT_LT(test::relative_error(got.x, want.x), kWinogradError);
  EXPECT_LT(test::relative_error(got.weight, want.weight), kWinogradError);
  EXPECT_TRUE(test::bits_equal(conv2d_winograd_backward(dy, x, w, {.weight = false}).x, got.x));
  EXPECT_TRUE(test::bits_equal(conv2d_winograd_backward(dy, x, w, {.x = false}).weight, got.weight));
}

TEST(Winograd, WholeTiles) { check_winograd({2, 8, 8, 8}, 4); }
TEST(Winograd, BrokenTiles) { check_winograd({3, 5, 9, 7}, 6); }
TEST(Winograd, SmallerThanATile) { check_winograd({1, 3, 2, 1}, 5); }
TEST(Winograd, SeveralGroupsOfImages) { check_winograd({40, 64, 16, 12}, 3); }
TEST(Winograd, WideImage) { check_winograd({1, 2, 4, 61}, 2); }

TEST(Winograd, SameBitsForAnyNumberOfThreads) {
  const Tensor x = random_floats({7, 16, 12, 12}, 1), w = random_floats({8, 16, 3, 3}, 2), dy = random_floats({7, 8, 12, 12}, 3);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Tensor y = conv2d_winograd(x, w);
  const Conv2dGradients d = conv2d_winograd_backward(dy, x, w);
  omp_set_num_threads(3);
  EXPECT_TRUE(test::bits_equal(conv2d_winograd(x, w), y));
  const Conv2dGradients d3 = conv2d_winograd_backward(dy, x, w);
  omp_set_num_threads(threads);
  EXPECT_TRUE(test::bits_equal(d3.x, d.x));
  EXPECT_TRUE(test::bits_equal(d3.weight, d.weight));
}

TEST(LinearBackward, AllThree) {
  const Tensor x = random_floats({3, 6}, 1), w = random_floats({4, 6}, 2), b = random_floats({4}, 3),
               dy = random_floats({3, 4}, 4);
  const auto f = [&] { return linear(x, w, b); };
  const LinearGradients d = linear_backward(dy, x, w);
  EXPECT_TRUE(gradient_is(d.x, x, dy, f));
  EXPECT_TRUE(gradient_is(d.weight, w, dy, f));
  EXPECT_TRUE(gradient_is(d.bias, b, dy, f));
}

void check_batch_norm(const Shape& shape) {
  const int64_t C = shape[1];
  const Tensor x = random_floats(shape, 1), dy = random_floats(shape, 4);
  const BatchNormParams p{random_floats({C}, 2), random_floats({C}, 3), {}, {}};
  const auto f = [&] { return batch_norm_training(x, p, batch_statistics(x)); };
  const BatchNormGradients d = batch_norm_backward(dy, x, p.weight, batch_statistics(x), p.eps);
  EXPECT_TRUE(gradient_is(d.x, x, dy, f, 10));
  EXPECT_TRUE(gradient_is(d.weight, p.weight, dy, f));
  EXPECT_TRUE(gradient_is(d.bias, p.bias, dy, f));
}
TEST(BatchNormBackward, Images) { check_batch_norm({3, 2, 5, 4}); }
TEST(BatchNormBackward, Rows) { check_batch_norm({9, 3}); }

TEST(BatchNormTraining, StatisticsByHand) {
  const Tensor x = Tensor::from({1, 3, 5, 7, 2, 2, 2, 2}, {4, 2});  // channel 0: 1 5 2 2, channel 1: 3 7 2 2
  const BatchStatistics s = batch_statistics(x);
  EXPECT_TRUE(test::all_close(s.mean, Tensor::from({2.5f, 3.5f}, {2})));
  EXPECT_TRUE(test::all_close(s.variance, Tensor::from({2.25f, 4.25f}, {2})));
  Tensor mean = Tensor::from({0, 1}, {2}), var = Tensor::from({1, 1}, {2});
  update_running(s, 0.1f, mean, var);
  EXPECT_TRUE(test::all_close(mean, Tensor::from({0.25f, 1.25f}, {2})));
  EXPECT_TRUE(test::all_close(var, Tensor::from({0.9f + 0.3f, 0.9f + 0.1f * 17 / 3}, {2})));
  EXPECT_TRUE(test::fails_with(
      [] {
        batch_statistics(Tensor::zeros({1, 3, 1, 1}));
      },
      {"more than one value per channel", "[1, 3, 1, 1]"}));
}

TEST(BatchNormTraining, FarFromZero) {  // sums of squares would cancel; distances from the mean do not
  Tensor x = random_floats({4, 1, 40, 40}, 1);
  for (int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] += 4096;
  EXPECT_NEAR(batch_statistics(x).variance.data<float>()[0], 1.0f, 0.03f);
}

TEST(PoolBackward, Max) {
  const Tensor x = random_floats({2, 2, 7, 6}, 1);
  for (int64_t i = 0; i < x.numel(); ++i) Tensor(x).data<float>()[i] = static_cast<float>(i * 37 % x.numel());  // no near ties
  const MaxPool2dOptions o{.kernel = 3, .stride = 2, .padding = 1};
  const MaxPooled pooled = max_pool2d_with_indices(x, o);
  EXPECT_TRUE(test::bits_equal(pooled.y, max_pool2d(x, o)));
  const Tensor dy = random_floats(pooled.y.shape(), 2);
  EXPECT_TRUE(gradient_is(max_pool2d_backward(dy, pooled.indices, x.shape(), o), x, dy, [&] { return max_pool2d(x, o); }));
  const MaxPooled global = adaptive_max_pool2d_with_indices(x, 1);
  EXPECT_TRUE(test::bits_equal(global.y, adaptive_max_pool2d(x, 1)));
  const Tensor d1 = random_floats({2, 2, 1, 1}, 3);
  EXPECT_TRUE(
      gradient_is(max_pool2d_backward(d1, global.indices, x.shape(), {}), x, d1, [&] { return adaptive_max_pool2d(x, 1); }));
}

TEST(PoolBackward, AdaptiveAverage) {
  const Tensor x = random_floats({2, 3, 5, 7}, 1);
  for (const Size2 output : {Size2(1), Size2(2, 3)}) {
    const Tensor dy = random_floats({2, 3, output.h, output.w}, 2);
    EXPECT_TRUE(gradient_is(adaptive_avg_pool2d_backward(dy, x.shape()), x, dy, [&] { return adaptive_avg_pool2d(x, output); }));
  }
}

TEST(ElementwiseBackward, Relu) {
  Tensor dy = Tensor::from({1, 2, 3, 4}, {4});
  activation_backward_(Activation::relu, dy, relu(Tensor::from({-1, 0, 2, 5}, {4})));
  EXPECT_TRUE(test::bits_equal(dy, Tensor::from({0, 0, 3, 4}, {4})));
}

TEST(ElementwiseBackward, Relu6) {
  const Tensor y = activate(Activation::relu6, Tensor::from({-1, 0, 2, 6, 7}, {5}));
  EXPECT_TRUE(test::bits_equal(y, Tensor::from({0, 0, 2, 6, 6}, {5})));
  Tensor dy = Tensor::from({1, 2, 3, 4, 5}, {5});
  activation_backward_(Activation::relu6, dy, y);
  EXPECT_TRUE(test::bits_equal(dy, Tensor::from({0, 0, 3, 0, 0}, {5})));
}

TEST(ElementwiseBackward, SplitUndoesCat) {
  const Tensor parts[] = {random_floats({2, 1, 3}, 1), random_floats({2, 4, 3}, 2)};
  const int64_t channels[] = {1, 4};
  const std::vector<Tensor> back = split_channels(cat_channels(parts), channels);
  EXPECT_TRUE(test::bits_equal(back[0], parts[0]));
  EXPECT_TRUE(test::bits_equal(back[1], parts[1]));
}

TEST(CrossEntropy, ByHandAndGradient) {
  const Tensor logits = random_floats({3, 5}, 1);
  const std::vector<int> labels = {4, 0, 2};
  for (const float s : {0.0f, 0.1f}) {
    const CrossEntropyOptions o{.label_smoothing = s};
    const auto f = [&] { return Tensor::full({1}, cross_entropy(logits, labels, o)); };
    EXPECT_TRUE(gradient_is(cross_entropy_backward(logits, labels, o), logits, Tensor::full({1}, 1), f));
  }
  EXPECT_FLOAT_EQ(cross_entropy(Tensor::zeros({2, 8}), std::vector{0, 7}), std::log(8.0f));
  EXPECT_FLOAT_EQ(cross_entropy(Tensor::from({1000, 0}, {1, 2}), std::vector{1}), 1000.0f);
  EXPECT_TRUE(test::fails_with([&] { cross_entropy(logits, std::vector{4, 5, 0}); }, {"label 5", "5 classes"}));
  EXPECT_TRUE(test::fails_with([&] { cross_entropy(logits, std::vector{4}); }, {"[3, 5]", "1 labels"}));
}

}  // namespace
}  // namespace octet::ops
