// Wrong calls of what trains, and of the ops of dense networks: each is an Error, before threads start and before memory is read.
#include <gtest/gtest.h>

#include <limits>

#include "ops/batch_norm.h"
#include "ops/channel_order.h"
#include "ops/conv/conv2d.h"
#include "ops/conv/conv_transpose2d.h"
#include "ops/conv/inference_conv2d.h"
#include "ops/elementwise.h"
#include "ops/fake_quantize.h"
#include "ops/int8/batch_norm.h"
#include "ops/int8/conv2d.h"
#include "ops/int8/elementwise.h"
#include "ops/int8/multiply.h"
#include "ops/int8/pool.h"
#include "ops/interpolate.h"
#include "ops/optimizer_step.h"
#include "ops/pad.h"
#include "ops/pool.h"
#include "ops/softmax.h"
#include "tests/support/compare.h"

namespace octet::ops {
namespace {

using int8::QParams;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr int64_t kHuge = int64_t{1} << 62;
constexpr QParams kQ{0.1f, 128};
constexpr QParams kNone[] = {{0, 0},  {kNan, 0},    {std::numeric_limits<float>::infinity(), 0},
                             {-1, 0}, {0.1f, 1000}, {0.1f, INT32_MIN}};

template <class Call>
::testing::AssertionResult refused(Call&& call, const std::string& part = "") {
  return test::fails_with(std::forward<Call>(call), {part});
}

Tensor ones(const Shape& shape) { return Tensor::full(shape, 1); }
Tensor codes(const Shape& shape) { return Tensor::zeros(shape, DType::quint8); }
const Tensor kIntegers = Tensor::zeros({1, 3, 8, 8}, DType::i32);

TEST(MisuseOfDense, Pad) {
  EXPECT_TRUE(refused([] { pad(kIntegers, {.left = 1}); }, "pad: expected float32, got int32"));
  EXPECT_TRUE(refused(
      [] {
        pad_backward(Tensor::zeros({1, 3, 8, 9}, DType::i32), {1, 3, 8, 8}, {.left = 1});
      },
      "expected float32"));
  for (const int64_t n : {INT64_MIN, INT64_MAX})
    EXPECT_TRUE(refused([&] { pad(ones({1, 3, 8, 8}), {.left = n, .right = n}); }, "at most"));
  EXPECT_EQ(pad(ones({1, 1, 1, 8}), {.left = -8, .right = 9}).data<float>()[8], 0);  // all of it taken away
}

TEST(MisuseOfDense, ScalesAndZeroPoints) {
  for (const QParams& q : kNone) {
    EXPECT_TRUE(refused([&] { int8::interpolate(codes({1, 8, 8, 3}), {.size = 4}, q); }));
    for (const auto rule : {int8::SoftmaxRule::of_whole_numbers, int8::SoftmaxRule::of_reals})
      EXPECT_TRUE(refused([&] { int8::softmax(codes({2, 5}), q, rule); }));
    EXPECT_TRUE(refused([&] { int8::elu_table(1, q, kQ); }));
    EXPECT_TRUE(refused([&] { int8::elu_table(1, kQ, q); }));
    const Tensor x = codes({1, 4, 4, 3});
    EXPECT_TRUE(refused([&] { int8::avg_pool2d(x, {.kernel = 2, .stride = 2}, kQ, int8::Engine::fbgemm, q); }));
    EXPECT_TRUE(refused([&] { int8::adaptive_avg_pool2d(x, 1, kQ, int8::Engine::fbgemm, q); }));
    EXPECT_TRUE(refused([&] { fake_quantize(ones({4}), q, {0, 255}); }));
  }
  EXPECT_TRUE(refused([] { int8::elu_table(kNan, kQ, kQ); }, "alpha is nan"));
  EXPECT_TRUE(refused([] { int8::table_of({Activation::leaky_relu, kNan}, kQ, kQ); }, "a parameter is nan"));
  EXPECT_TRUE(refused(
      [] {
        int8::multiply(codes({2}), codes({2}), {.a = {3e38f, 0}, .b = {3e38f, 0}, .output = kQ});
      },
      "too far"));
}

TEST(MisuseOfDense, BatchNormOfCodesNeedsFiniteNumbers) {
  const Tensor one = ones({3}), nan = Tensor::full({3}, kNan), negative = Tensor::full({3}, -1), x = codes({1, 2, 2, 3});
  const auto call = [&](const BatchNormParams& p) { int8::batch_norm(x, p, {kQ, kQ}); };
  EXPECT_TRUE(refused([&] { call({nan, one, one, one}); }, "parameters of channel 0 give factor nan"));
  EXPECT_TRUE(refused([&] { call({one, nan, one, one}); }, "channel 0"));
  EXPECT_TRUE(refused([&] { call({one, one, one, negative}); }, "channel 0"));
  EXPECT_NO_THROW(call({one, one, one, one}));
}

TEST(MisuseOfDense, FakeQuantizationOfNoCodes) {
  EXPECT_TRUE(refused([] { fake_quantize(ones({4}), kQ, {255, 0}); }, "codes from 255 to 0"));
  EXPECT_TRUE(refused([] { fake_quantize(ones({4}), kQ, {INT32_MIN, INT32_MAX}); }, "codes from -2147483648"));
}

TEST(MisuseOfDense, Groups) {
  const Tensor none = Tensor::zeros({1, 0, 8, 8});
  EXPECT_TRUE(refused([&] { conv_transpose2d(none, Tensor::zeros({0, 4, 3, 3}), {}, {.groups = kHuge}); }, "groups"));
  EXPECT_TRUE(refused([&] { conv2d(none, Tensor::zeros({0, 4, 3, 3}), {}, {.groups = kHuge}); }, "groups do not fit"));
}

TEST(MisuseOfDense, InferenceConvolutions) {
  if (!InferenceConv2d::available({})) GTEST_SKIP() << "needs AVX2";
  EXPECT_TRUE(refused([] { InferenceConv2d(Tensor::zeros({4, 0, 3, 3}), {}, {}, false); }, "a channel and a tap at least"));
  const InferenceConv2d conv(ones({4, 3, 3, 3}), {}, {}, false);
  EXPECT_TRUE(refused([&] { conv(Tensor::zeros({1, 8, 8, 3}, DType::i32)); }, "expected float32, got int32"));
  EXPECT_TRUE(refused([&] { conv.from_planes(kIntegers); }, "expected float32, got int32"));
  int8::Conv2dParams p;
  p.weight = Tensor::zeros({4, 3, 3, 3}, DType::qint8);
  p.weight_scale = {0.1f};
  p.input = p.output = kQ;
  const int8::Conv2d of_codes(p);
  EXPECT_TRUE(refused([&] { of_codes(codes({1, 8, 8, 3}), int8::CodeRange{300, -5}); }, "clamp from 300 to -5"));
}

TEST(MisuseOfTraining, PoolsBackwards) {
  const Tensor dy = ones({1, 3, 4, 4}), integers = Tensor::zeros({1, 3, 4, 4}, DType::i32);
  const Shape x{1, 3, 8, 8}, other{9, 9, 8, 8};
  for (const int32_t index : {-1, 64, 1'000'000})
    EXPECT_TRUE(refused(
        [&] {
          max_pool2d_backward(dy, Tensor::from(std::vector<int32_t>(48, index), {1, 3, 4, 4}, DType::i32), x, {});
        },
        "outside of the 64 pixels"));
  EXPECT_TRUE(refused([&] { max_pool2d_backward(dy, integers, other, {}); }, "input [9, 9, 8, 8]"));
  const AvgPool2dOptions two{.kernel = 2, .stride = 2};
  EXPECT_TRUE(refused([&] { avg_pool2d_backward(dy, other, two); }, "input [9, 9, 8, 8]"));
  EXPECT_TRUE(refused([&] { avg_pool2d_backward(ones({1, 3, 2, 4}), x, two); }, "expected 4 rows of 4"));
  EXPECT_TRUE(refused([&] { avg_pool2d_backward(integers, x, two); }, "expected float32"));
  EXPECT_TRUE(refused([&] { adaptive_avg_pool2d_backward(dy, other); }, "input [9, 9, 8, 8]"));
  EXPECT_TRUE(refused([&] { adaptive_avg_pool2d_backward(dy, {1, 3, 0, 8}); }, "input [1, 3, 0, 8]"));
  EXPECT_TRUE(refused([&] { adaptive_avg_pool2d_backward(integers, x); }, "expected float32"));
}

TEST(MisuseOfTraining, BatchNorm) {
  const Tensor x = ones({1, 3, 8, 8}), three = ones({3}), two = ones({2});
  const BatchStatistics right{three, three, 64};
  EXPECT_TRUE(refused([] { batch_statistics(kIntegers); }, "expected float32"));
  EXPECT_TRUE(refused([&] { batch_norm_backward(x, x, two, right, 1e-5f); }, "of shape [3], got [2]"));
  EXPECT_TRUE(refused([&] { batch_norm_backward(x, x, {}, right, 1e-5f); }, "of shape [3], got []"));
  EXPECT_TRUE(refused([&] { batch_norm_backward(x, x, three, {two, three, 64}, 1e-5f); }, "got [2]"));
  EXPECT_TRUE(refused([&] { batch_norm_backward(x, x, three, {three, three, 0}, 1e-5f); }, "statistics of 0 values"));
  EXPECT_TRUE(refused([&] { batch_norm_backward(kIntegers, x, three, right, 1e-5f); }, "expected float32"));
  EXPECT_TRUE(refused([&] { batch_norm_frozen_backward(x, x, {three, three, two, two}); }, "got [2]"));
  Tensor mean = ones({2}), variance = ones({3});
  EXPECT_TRUE(refused([&] { update_running(right, 0.1f, mean, variance); }, "running statistics [2] beside [3]"));
}

TEST(MisuseOfTraining, Steps) {
  Tensor p = ones({3}), other = ones({2}), m = ones({3}), none;
  EXPECT_TRUE(refused([&] { sgd_step({0.1f, 0, 0, false}, other, none, p); }, "[2] for a parameter [3]"));
  EXPECT_TRUE(refused([&] { sgd_step({0.1f, 0, 0.9f, false}, m, other, p); }, "[2] for a parameter [3]"));
  EXPECT_TRUE(refused([&] { adamw_step({}, other, m, m, p); }, "[2] for a parameter [3]"));
  EXPECT_TRUE(refused([&] { adamw_step({}, m, other, m, p); }, "[2] for a parameter [3]"));
}

TEST(MisuseOfTraining, OrdersAndSlicesOfChannels) {
  const Tensor x = ones({1, 3, 2, 2});
  EXPECT_TRUE(refused([&] { split_channels(x, std::vector<int64_t>{INT64_MAX, INT64_MAX, 5}); }, "do not add up"));
  EXPECT_TRUE(refused([&] { slice_channels(x, INT64_MAX, INT64_MIN); }, "slice: channels"));
  EXPECT_TRUE(refused([&] { slice_channels(x, 2, 1); }, "slice: channels 2 to 1"));
  EXPECT_TRUE(refused([&] { slice_channels_backward(x, {1, 3, 2, 2}, INT64_MIN); }, "slice backward"));
  EXPECT_TRUE(refused([&] { slice_channels_backward(x, {}, 0); }, "slice backward"));
  for (const std::vector<int64_t>& dims : {std::vector<int64_t>{7}, {-1}, {0, 0}})
    EXPECT_TRUE(refused([&] { inverse_order(dims); }, "is no order"));
}

}  // namespace
}  // namespace octet::ops
