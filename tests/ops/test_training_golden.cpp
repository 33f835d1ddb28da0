// Ops and their gradients against PyTorch's (tests/golden/golden_training.py).
#include "ops/batch_norm.h"
#include "ops/conv/conv2d.h"
#include "ops/conv/winograd.h"
#include "ops/cross_entropy.h"
#include "ops/elementwise.h"
#include "ops/linear.h"
#include "ops/pool.h"
#include "tests/support/activations.h"
#include "tests/support/golden.h"
#include "tests/support/golden_options.h"
#include "tests/support/gradcheck.h"

namespace octet::ops {
namespace {

constexpr double kSumError = 1e-6;  // relative norm: sums of some hundred products in another order

TEST(TrainingGolden, Conv2d) {
  for (const char* name : {"stem", "three", "stride2", "pointwise2", "grouped"}) {
    const test::Golden g(std::string("training/conv2d_") + name);
    const Conv2dOptions o{.stride = static_cast<int64_t>(g.number("stride")),
                          .padding = static_cast<int64_t>(g.number("padding")),
                          .groups = static_cast<int64_t>(g.number("groups"))};
    EXPECT_LT(test::relative_error(conv2d(g["x"], g["w"], g["b"], o), g["y"]), kSumError) << name;
    const Conv2dGradients d = conv2d_backward(g["dy"], g["x"], g["w"], o, {.bias = true});
    EXPECT_LT(test::relative_error(d.x, g["d_x"]), kSumError) << name;
    EXPECT_LT(test::relative_error(d.weight, g["d_w"]), kSumError) << name;
    EXPECT_LT(test::relative_error(d.bias, g["d_b"]), kSumError) << name;
  }
}

TEST(TrainingGolden, Winograd) {
  const test::Golden g("training/conv2d_three");
  const Conv2dGradients d = conv2d_winograd_backward(g["dy"], g["x"], g["w"]);
  EXPECT_LT(test::relative_error(d.x, g["d_x"]), 5e-6);  // about ten times a direct sum's rounding
  EXPECT_LT(test::relative_error(d.weight, g["d_w"]), 5e-6);
}

TEST(TrainingGolden, Linear) {
  const test::Golden g("training/linear");
  const LinearGradients d = linear_backward(g["dy"], g["x"], g["w"]);
  EXPECT_LT(test::relative_error(d.x, g["d_x"]), kSumError);
  EXPECT_LT(test::relative_error(d.weight, g["d_w"]), kSumError);
  EXPECT_LT(test::relative_error(d.bias, g["d_b"]), kSumError);
}

TEST(TrainingGolden, Activations) {
  for (const Activation f : test::activations()) {
    if (f == Activation::relu || f == Activation::relu6) continue;  // test_backward.cpp
    const test::Golden g(std::string("ops/") + name_of(f));
    const Tensor y = activate(f, g["x"]);
    // Two float32 roundings. PyTorch flushes what is below; its gelu adds 1 to what is nearly -1.
    const bool adds_one = f == Activation::gelu || f == Activation::gelu_tanh;
    EXPECT_TRUE(test::all_close(y, g["y"], 3e-7f, adds_one ? 1e-6f : 1e-36f)) << name_of(f);
    Tensor dy = g["dy"].clone();
    activation_backward_(f, dy, saved_by(f) == Saved::result ? g["y"] : g["x"]);
    EXPECT_TRUE(test::all_close(dy, g["dx"], 2e-6f, 1e-6f)) << name_of(f);
  }
}

TEST(TrainingGolden, AveragesOfWindows) {
  for (int i = 0; i < 7; ++i) {
    const test::Golden g("ops/avg_pool2d_" + std::to_string(i));
    const AvgPool2dOptions o = test::avg_pool2d_options(g);
    EXPECT_TRUE(test::all_close(avg_pool2d(g["x"], o), g["y"], 3e-7f, 1e-7f)) << i;
    EXPECT_TRUE(test::all_close(avg_pool2d_backward(g["dy"], g["x"].shape(), o), g["dx"], 3e-7f, 1e-7f)) << i;
  }
}

TEST(TrainingGolden, BatchNorm) {
  for (const char* name : {"images", "rows"}) {
    const test::Golden g(std::string("training/batch_norm_") + name);
    const BatchStatistics s = batch_statistics(g["x"]);
    const BatchNormParams p{g["w"], g["b"], {}, {}};
    EXPECT_LT(test::relative_error(batch_norm_training(g["x"], p, s), g["y"]), kSumError) << name;
    Tensor mean = Tensor::full(g["w"].shape(), 0.5f), var = Tensor::full(g["w"].shape(), 2.0f);
    update_running(s, 0.1f, mean, var);
    EXPECT_TRUE(test::all_close(mean, g["running_mean"])) << name;
    EXPECT_TRUE(test::all_close(var, g["running_var"])) << name;
    const BatchNormGradients d = batch_norm_backward(g["dy"], g["x"], g["w"], s, p.eps);
    EXPECT_LT(test::relative_error(d.x, g["d_x"]), kSumError) << name;
    EXPECT_LT(test::relative_error(d.weight, g["d_w"]), kSumError) << name;
    EXPECT_LT(test::relative_error(d.bias, g["d_b"]), kSumError) << name;
  }
}

TEST(TrainingGolden, MaxPoolWithTies) {
  const test::Golden g("training/max_pool2d");
  const MaxPool2dOptions o{.kernel = 3, .stride = 2, .padding = 1};
  const MaxPooled pooled = max_pool2d_with_indices(g["x"], o);
  EXPECT_TRUE(test::bits_equal(pooled.y, g["y"]));
  EXPECT_TRUE(test::all_close(max_pool2d_backward(g["dy"], pooled.indices, g["x"].shape(), o), g["d_x"]));
}

TEST(TrainingGolden, ConcatPool) {
  const test::Golden g("training/concat_pool");
  const int64_t channels[] = {3, 3};
  const std::vector<Tensor> dy = split_channels(g["dy"], channels);
  Tensor dx = max_pool2d_backward(dy[0], adaptive_max_pool2d_with_indices(g["x"], 1).indices, g["x"].shape(), {});
  add_(dx, adaptive_avg_pool2d_backward(dy[1], g["x"].shape()));
  EXPECT_TRUE(test::all_close(dx, g["d_x"]));
}

TEST(TrainingGolden, AdaptiveAveragePool) {
  const test::Golden g("training/adaptive_avg_pool2d");
  EXPECT_TRUE(test::all_close(adaptive_avg_pool2d_backward(g["dy"], g["x"].shape()), g["d_x"]));
}

TEST(TrainingGolden, CrossEntropy) {
  for (const char* name : {"training/cross_entropy_0", "training/cross_entropy_1"}) {
    const test::Golden g(name);
    const std::vector<int> labels(g["labels"].data<int32_t>(), g["labels"].data<int32_t>() + 4);
    const CrossEntropyOptions o{.label_smoothing = static_cast<float>(g.number("smoothing"))};
    EXPECT_NEAR(cross_entropy(g["x"], labels, o), g.number("y"), 1e-6);
    Tensor d = cross_entropy_backward(g["x"], labels, o);
    EXPECT_TRUE(test::all_close(multiply(d, Tensor::full(d.shape(), static_cast<float>(g.number("dy")))), g["d_x"]));
  }
}

}  // namespace
}  // namespace octet::ops
