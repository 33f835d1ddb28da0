// The gradients of each op on the device beside the CPU's.
#include "ops/batch_norm.h"
#include "ops/channels.h"
#include "ops/conv/conv2d.h"
#include "ops/cross_entropy.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/fake_quantize.h"
#include "ops/linear.h"
#include "ops/optimizer_step.h"
#include "ops/pool.h"
#include "tests/cuda/device.h"
#include "tests/support/activations.h"
#include "tests/support/gradcheck.h"

namespace octet {
namespace {

using test::back;
using test::there;

class Backward : public test::OnCuda {};

TEST_F(Backward, ElementwiseAndCat) {
  const Tensor x = test::random_floats({3, 4, 5, 6}, 1), dy = test::random_floats({3, 4, 5, 6}, 2);
  for (const ops::Activation activation : test::activations()) {
    Tensor want = dy.clone(), got = there(dy);
    ops::activation_backward_(activation, want, x);
    ops::activation_backward_(activation, got, there(x));
    EXPECT_TRUE(test::bits_equal(back(got), want));
  }
  const int64_t channels[] = {1, 3};
  const std::vector<Tensor> want = ops::split_channels(x, channels), got = ops::split_channels(there(x), channels);
  for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(test::bits_equal(back(got[i]), want[i]));
  Tensor filled({3, 4, 5, 6}, DType::f32, Device::cuda), wanted({3, 4, 5, 6});
  ops::fill_channels(there(test::random_floats({4}, 3)), filled);
  ops::fill_channels(test::random_floats({4}, 3), wanted);
  EXPECT_TRUE(test::bits_equal(back(filled), wanted));
}

TEST_F(Backward, DropoutHasTheSameRandomNumbers) {
  const Tensor x = test::random_floats({5, 67}, 1);
  Generator here(7), on_device(7);
  const ops::Dropped want = ops::dropout(x, 0.4f, here), got = ops::dropout(there(x), 0.4f, on_device);
  EXPECT_TRUE(test::bits_equal(back(got.y), want.y));
  EXPECT_TRUE(test::bits_equal(back(got.scale), want.scale));
}

TEST_F(Backward, Pools) {
  Tensor x = test::random_floats({2, 3, 11, 13}, 1);
  for (int64_t i = 0; i < x.numel(); i += 3) x.data<float>()[i] = 0.5f;  // ties
  for (const auto& o :
       {ops::MaxPool2dOptions{3, 2, 1}, ops::MaxPool2dOptions{2, 2}, ops::MaxPool2dOptions{{3, 2}, {1, 3}, {1, 0}}}) {
    const ops::MaxPooled want = max_pool2d_with_indices(x, o), got = max_pool2d_with_indices(there(x), o);
    EXPECT_TRUE(test::bits_equal(back(got.y), want.y));
    EXPECT_TRUE(test::codes_equal(back(got.indices), want.indices));
    const Tensor dy = test::random_floats(want.y.shape(), 2);
    EXPECT_TRUE(test::bits_equal(back(ops::max_pool2d_backward(there(dy), got.indices, x.shape(), o)),
                                 ops::max_pool2d_backward(dy, want.indices, x.shape(), o)));
  }
  for (const ops::Size2 size : {ops::Size2(1), ops::Size2(4, 3), ops::Size2(11, 13), ops::Size2(20, 2), ops::Size2(5, 29)}) {
    const ops::MaxPooled want = adaptive_max_pool2d_with_indices(x, size), got = adaptive_max_pool2d_with_indices(there(x), size);
    EXPECT_TRUE(test::codes_equal(back(got.indices), want.indices)) << size;
    const Tensor dy = test::random_floats(want.y.shape(), 2);
    EXPECT_TRUE(test::all_close(back(ops::max_pool2d_backward(there(dy), got.indices, x.shape(), {})),
                                ops::max_pool2d_backward(dy, want.indices, x.shape(), {})))
        << size;
    EXPECT_TRUE(test::all_close(back(ops::adaptive_avg_pool2d_backward(there(dy), x.shape())),
                                ops::adaptive_avg_pool2d_backward(dy, x.shape())))
        << size;
  }
}

TEST_F(Backward, ConvolutionsAndLinear) {
  struct Case {
    Shape x, weight;
    ops::Conv2dOptions options;
  };
  const Case cases[] = {{{3, 3, 12, 11}, {8, 3, 3, 3}, {.padding = 1}},
                        {{2, 4, 9, 9}, {6, 4, 1, 1}, {.stride = 2}},
                        {{2, 3, 20, 20}, {5, 3, 7, 7}, {.stride = 2, .padding = 3}},
                        {{2, 6, 8, 7}, {4, 3, 2, 3}, {.stride = {2, 1}, .padding = {0, 1}, .groups = 2}}};
  for (const Case& c : cases) {
    const Tensor x = test::random_floats(c.x, 1), w = test::random_floats(c.weight, 2);
    const Tensor dy = test::random_floats(ops::conv2d(x, w, {}, c.options).shape(), 3);
    const ops::Conv2dWanted all{true, true, true};
    const auto want = ops::conv2d_backward(dy, x, w, c.options, all),
               got = ops::conv2d_backward(there(dy), there(x), there(w), c.options, all);
    EXPECT_LT(test::relative_error(back(got.x), want.x), 1e-6) << c.weight;
    EXPECT_LT(test::relative_error(back(got.weight), want.weight), 1e-6) << c.weight;
    EXPECT_LT(test::relative_error(back(got.bias), want.bias), 1e-6) << c.weight;
    EXPECT_FALSE(ops::conv2d_backward(there(dy), there(x), there(w), c.options, {false, true}).x.defined());
  }
  const Tensor x = test::random_floats({5, 33}, 1), w = test::random_floats({7, 33}, 2), dy = test::random_floats({5, 7}, 3);
  const auto want = ops::linear_backward(dy, x, w), got = ops::linear_backward(there(dy), there(x), there(w));
  EXPECT_LT(test::relative_error(back(got.x), want.x), 1e-6);
  EXPECT_LT(test::relative_error(back(got.weight), want.weight), 1e-6);
  EXPECT_LT(test::relative_error(back(got.bias), want.bias), 1e-6);
}

TEST_F(Backward, BatchNorm) {
  for (const Shape& shape : {Shape{3, 6, 37, 41}, Shape{8, 6}}) {
    const Tensor x = test::random_floats(shape, 1), dy = test::random_floats(shape, 2);
    const ops::BatchNormParams p{test::random_floats({6}, 3), test::random_floats({6}, 4), {}, {}};
    const ops::BatchNormParams q{there(p.weight), there(p.bias), {}, {}};
    const ops::BatchStatistics want = ops::batch_statistics(x), got = ops::batch_statistics(there(x));
    EXPECT_LT(test::relative_error(back(got.mean), want.mean), 1e-6);
    EXPECT_LT(test::relative_error(back(got.variance), want.variance), 1e-6);
    EXPECT_LT(test::relative_error(back(batch_norm_training(there(x), q, got)), batch_norm_training(x, p, want)), 1e-6);
    Tensor mean = test::random_floats({6}, 5), var = Tensor::full({6}, 2), mean_there = there(mean), var_there = there(var);
    ops::update_running(want, 0.1f, mean, var);
    ops::update_running(got, 0.1f, mean_there, var_there);
    EXPECT_LT(test::relative_error(back(mean_there), mean), 1e-6);
    EXPECT_LT(test::relative_error(back(var_there), var), 1e-6);
    const auto d = batch_norm_backward(dy, x, p.weight, want, 1e-5f);
    const auto e = batch_norm_backward(there(dy), there(x), q.weight, got, 1e-5f);
    EXPECT_LT(test::relative_error(back(e.x), d.x), 1e-6);
    EXPECT_LT(test::relative_error(back(e.weight), d.weight), 1e-6);
    EXPECT_LT(test::relative_error(back(e.bias), d.bias), 1e-6);
    const ops::BatchNormParams frozen{p.weight, p.bias, mean, var}, frozen_there{q.weight, q.bias, mean_there, var_there};
    EXPECT_LT(test::relative_error(back(batch_norm_frozen_backward(there(dy), there(x), frozen_there).x),
                                   batch_norm_frozen_backward(dy, x, frozen).x),
              1e-6);
  }
}

TEST_F(Backward, SlicesAndChannels) {
  const Tensor w = test::random_floats({6, 5, 3, 3}, 1), v = test::random_floats({6, 5, 3, 3}, 2),
               x = test::random_floats({3, 6, 9, 11}, 3), y = test::random_floats({3, 6, 9, 11}, 4),
               factor = test::random_floats({6}, 5);
  EXPECT_TRUE(test::bits_equal(back(ops::multiply_slices(there(w), there(factor))), ops::multiply_slices(w, factor)));
  Tensor divided = x.clone(), divided_there = there(x);
  ops::divide_channels_(divided, factor);
  ops::divide_channels_(divided_there, there(factor));
  EXPECT_TRUE(test::bits_equal(back(divided_there), divided));
  EXPECT_LT(test::relative_error(back(ops::dot_slices(there(w), there(v))), ops::dot_slices(w, v)), 1e-6);
  EXPECT_LT(test::relative_error(back(ops::dot_channels(there(x), there(y))), ops::dot_channels(x, y)), 1e-6);
  const Tensor variance = ops::multiply(factor, factor);
  EXPECT_TRUE(test::bits_equal(back(ops::inverse_std(there(variance), 1e-5f)), ops::inverse_std(variance, 1e-5f)));
}

TEST_F(Backward, FakeQuantization) {
  const Tensor x = test::random_floats({4, 3, 5, 7}, 1), dy = test::random_floats({4, 3, 5, 7}, 2);
  const std::vector<ops::int8::QParams> one = {{0.013f, 90}}, each = {{0.001f, 0}, {0.02f, 3}, {0.03f, -7}, {0.5f, 0}};
  for (const auto& qparams : {one, each}) {
    const ops::int8::CodeRange codes = qparams.size() == 1 ? ops::int8::CodeRange{0, 255} : ops::int8::CodeRange{-128, 127};
    const auto want = ops::fake_quantize_training(x, qparams, codes), got = ops::fake_quantize_training(there(x), qparams, codes);
    EXPECT_TRUE(test::bits_equal(back(got.y), want.y));
    EXPECT_TRUE(test::codes_equal(back(got.inside), want.inside));
    Tensor d = dy.clone(), d_there = there(dy);
    ops::fake_quantize_backward_(d, want.inside);
    ops::fake_quantize_backward_(d_there, got.inside);
    EXPECT_TRUE(test::bits_equal(back(d_there), d));
  }
}

TEST_F(Backward, CrossEntropy) {
  for (const int64_t classes : {3, 10, 1000}) {
    const Tensor logits = test::random_floats({6, classes}, 1);
    const std::vector<int> labels = {0, 2, 1, 2, 0, 1};
    for (const float smoothing : {0.0f, 0.1f}) {
      EXPECT_NEAR(ops::cross_entropy(there(logits), labels, {smoothing}), ops::cross_entropy(logits, labels, {smoothing}), 1e-6);
      EXPECT_TRUE(test::all_close(back(ops::cross_entropy_backward(there(logits), labels, {smoothing})),
                                  ops::cross_entropy_backward(logits, labels, {smoothing}), 1e-5f, 1e-7f));
    }
  }
}

TEST_F(Backward, SumOfSquares) {
  const Tensor x = test::random_floats({1000, 77}, 1);
  const std::vector<Tensor> all = {x, Tensor::zeros({0}), test::random_floats({3, 1001}, 9)};
  const std::vector<Tensor> all_there = {there(all[0]), there(all[1]), there(all[2])};
  EXPECT_NEAR(ops::sum_of_squares(all_there) / ops::sum_of_squares(all), 1, 1e-12);
  EXPECT_EQ(ops::sum_of_squares({}), 0);
}

}  // namespace
}  // namespace octet
