// Convolutions whose taps lie apart: every way against the naive twins, which know dilation themselves.
#include "ops/conv/dilation.h"

#include "ops/conv/conv2d.h"
#include "ops/conv/depthwise_conv2d.h"
#include "ops/conv/grouped_conv2d.h"
#include "ops/conv/inference_conv2d.h"
#include "ops/elementwise.h"
#include "ops/int8/elementwise.h"
#include "ops/reference/conv2d.h"
#include "tests/support/gradcheck.h"
#include "tests/support/int8_layer.h"

namespace octet::ops {
namespace {

struct Case {
  Shape x, weight;  // [N, C, H, W], [K, C/G, R, S]
  Conv2dOptions options;
};
const Case kCases[] = {{{2, 4, 11, 9}, {6, 4, 3, 3}, {.padding = 2, .dilation = 2}},
                       {{1, 6, 12, 13}, {6, 1, 3, 5}, {.stride = 2, .padding = {3, 4}, .groups = 6, .dilation = {3, 2}}},
                       {{2, 6, 9, 9}, {4, 3, 2, 1}, {.stride = {1, 2}, .groups = 2, .dilation = {5, 7}}},
                       {{1, 3, 5, 5}, {4, 3, 3, 3}, {.padding = 4, .dilation = 4}}};  // most taps lie in the padding

TEST(Dilation, FloatsOfEveryWay) {
  for (const auto& [x_shape, weight, options] : kCases) {
    const Tensor x = test::random_floats(x_shape, 1), w = test::random_floats(weight, 2), b = test::random_floats({weight[0]}, 3);
    const Tensor want = reference::conv2d(x, w, b, options);
    EXPECT_LT(test::relative_error(conv2d(x, w, b, options), want), 2e-6) << weight;
    const auto of_last = [&](const auto& layer) { return to_channels_first(layer(to_channels_last(x))); };
    if (options.groups == 1)
      EXPECT_LT(test::relative_error(of_last(InferenceConv2d(w, b, options, false)), want), 2e-6) << weight;
    else if (DepthwiseConv2d::applies(weight, options))
      EXPECT_LT(test::relative_error(of_last(DepthwiseConv2d(w, b, options, false)), want), 2e-6) << weight;
    else
      EXPECT_LT(test::relative_error(of_last(GroupedConv2d(w, b, options, false)), want), 2e-6) << weight;
  }
}

TEST(Dilation, Gradients) {
  for (const auto& [x_shape, weight, options] : kCases) {
    const Tensor x = test::random_floats(x_shape, 1), w = test::random_floats(weight, 2), b = test::random_floats({weight[0]}, 3);
    const Conv2dOptions o = options;  // clang 14's lambdas take no structured binding
    const auto f = [&] { return conv2d(x, w, b, o); };
    const Tensor dy = test::random_floats(f().shape(), 4);
    const Conv2dGradients d = conv2d_backward(dy, x, w, o, {.bias = true});
    EXPECT_TRUE(test::gradient_is(d.x, x, dy, f));
    EXPECT_TRUE(test::gradient_is(d.weight, w, dy, f));
  }
}

TEST(Dilation, CodesOfEveryWay) {
  for (const auto& [x, weight, options] : kCases) {
    test::expect_as_naive({{x[0], x[2], x[3], x[1]}, weight, options}, [&](const Tensor& codes, const int8::Conv2dParams& p) {
      const Tensor y = int8::Conv2d(p)(codes);
      for (const int8::ConvAlgorithm algorithm : int8::kConvAlgorithms) {
        if (!int8::Conv2d(p).has(algorithm, codes.shape())) continue;
        int8::Conv2dParams chosen = p;
        chosen.choices = {int8::choice_here(codes.shape(), algorithm)};
        EXPECT_TRUE(test::codes_equal(int8::Conv2d(chosen)(codes), y)) << name_of(algorithm);
      }
      return y;
    });
  }
}

// Most of the products that a kernel of zeros would have are none: 600,000 of them would pass the limit of int32, 32 do not.
TEST(Dilation, CountsProductsOfItsTapsAlone) {
  test::expect_as_naive({{1, 40, 37, 2}, {2, 2, 4, 4}, {.padding = {54, 54}, .dilation = 36}},
                        [](const Tensor& x, const int8::Conv2dParams& p) { return int8::Conv2d(p)(x); });
  const int8::Conv2dParams p =
      test::int8_layer({8, 2048, 3, 3}, {.padding = 36, .dilation = 36}, int8::Engine::qnnpack, true, false);
  EXPECT_EQ(int8::Conv2d(p)(test::random_codes({1, 4, 4, 2048}, DType::quint8, 1)).shape(), (Shape{1, 4, 4, 8}));
}

TEST(Dilation, WhatFollowsAConvolutionFollowsItsPhases) {
  const Tensor x = test::random_codes({2, 9, 11, 4}, DType::quint8, 1),
               other = test::random_codes({2, 9, 11, 6}, DType::quint8, 2);
  for (const auto engine : int8::kEngines) {
    const int8::Conv2d layer(test::int8_layer({6, 4, 3, 3}, {.padding = 2, .dilation = 2}, engine, true, false));
    const int8::AddParams sum{layer.params().output, {0.2f, 90}, {0.4f, 101}, true, engine};
    const int8::Addition addition(sum);
    EXPECT_TRUE(test::codes_equal(layer(x, addition, other), int8::add(layer(x), other, sum))) << name_of(engine);
    EXPECT_TRUE(test::codes_equal(layer(x, {110, 140}), int8::clamp(layer(x), 110, 140))) << name_of(engine);
  }
  const Tensor f = test::random_floats({2, 9, 11, 4}, 3), more = test::random_floats({2, 9, 11, 6}, 4);
  const Tensor w = test::random_floats({6, 4, 3, 3}, 5);
  Tensor want = to_channels_first(more);
  add_(want, conv2d(to_channels_first(f), w, {}, {.padding = 2, .dilation = 2}));
  relu_(want);
  const Tensor y = InferenceConv2d(w, {}, {.padding = 2, .dilation = 2}, true)(f, more);
  EXPECT_LT(test::relative_error(to_channels_first(y), want), 2e-6);
}

TEST(Dilation, RefusesWhatCannotBe) {
  const Tensor w = test::random_floats({2, 2, 3, 3}, 1), x = test::random_floats({1, 2, 4, 4}, 2);
  EXPECT_TRUE(test::fails_with([&] { conv2d(x, w, {}, {.dilation = 0}); }, {"dilation (0, 0)", "expected above 0"}));
  EXPECT_TRUE(test::fails_with([&] { conv2d(x, w, {}, {.dilation = int64_t{1} << 62}); }, {"dilation", "at most 1048576"}));
  EXPECT_TRUE(test::fails_with([&] { conv2d(x, w, {}, {.dilation = 2}); }, {"smaller than the kernel of 5"}));
  EXPECT_TRUE(test::fails_with([&] { InferenceConv2d(w, {}, {.dilation = {0, 1}}, false); }, {"dilation (0, 1)", "above 0"}));
  EXPECT_TRUE(test::fails_with(
      [&] {
        int8::Conv2d(test::int8_layer({2, 2, 3, 3}, {.dilation = {1, -2}}, int8::Engine::qnnpack, true, false));
      },
      {"dilation (1, -2)", "above 0"}));
}

}  // namespace
}  // namespace octet::ops
