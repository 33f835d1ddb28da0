// The recording's backward, a whole ResNet18 step and five optimizer steps against PyTorch's; schedules; initialisation.
#include "nn/init.h"
#include "nn/models/resnet.h"
#include "nn/optim/adamw.h"
#include "nn/optim/schedule.h"
#include "nn/optim/sgd.h"
#include "ops/elementwise.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"
#include "tests/support/make.h"
#include "tests/support/small_net.h"
#include "tests/support/training.h"

namespace octet::nn {
namespace {

using test::hashed_values;

float train_step(Module& model, const Tensor& images) {
  Recording recording(Recording::Purpose::backward);
  std::vector<int> labels;
  for (int64_t i = 0; i < images.size(0); ++i) labels.push_back(static_cast<int>(i % 10));
  const Value loss = functional::cross_entropy(model(Value(images)), labels, {.label_smoothing = 0.1f});
  recording.backward(loss);
  return loss.tensor().data<float>()[0];
}

TEST(Backward, OfASmallNetAgainstCentralDifferences) {
  const Value x(test::random_floats({2, 3, 5, 5}, 1)), w1(test::random_floats({4, 3, 3, 3}, 2)),
      w2(test::random_floats({3, 8}, 3));
  Value weight(test::random_floats({4}, 4)), bias(test::random_floats({4}, 5)), mean(Tensor::zeros({4})),
      var(Tensor::full({4}, 1));
  for (Value v : {x, w1, w2, weight, bias}) v.set_requires_grad(true);
  const std::vector<int> labels = {2, 0};
  const auto loss = [&] {
    const Value y =
        functional::batch_norm(functional::conv2d(x, w1, {}, {.padding = 1}), {weight, bias, mean, var}, {}, Mode::train);
    const Value sum = functional::add_(y, functional::conv2d(x, w1, {}, {.padding = 1}));  // x and w1 twice: gradients add up
    const Value parts[] = {functional::adaptive_avg_pool2d(sum, 1), functional::adaptive_max_pool2d(sum, 1)};
    return functional::cross_entropy(functional::linear(functional::flatten(functional::cat(parts)), w2, {}), labels);
  };
  {
    Recording recording(Recording::Purpose::backward);
    recording.backward(loss());
  }
  const auto f = [&] { return loss().tensor(); };
  for (const Value& v : {x, w1, w2, weight, bias})
    EXPECT_TRUE(test::gradient_is(v.grad(), v.tensor(), Tensor::full({}, 1), f, 20));
}

TEST(Backward, GradientsAccumulateAndMemoryIsReleased) {
  Value w(test::random_floats({4, 4}, 1));
  w.set_requires_grad(true);
  const Value x(test::random_floats({2, 4}, 2));
  const std::vector<int> labels = {0, 1};
  Tensor once;
  for (int round = 0; round < 2; ++round) {
    Recording recording(Recording::Purpose::backward);
    recording.backward(functional::cross_entropy(functional::linear(x, w, {}), labels));
    EXPECT_TRUE(x.tensor().unique());  // no call holds it any more
    if (round == 0) once = w.grad().clone();
  }
  EXPECT_TRUE(test::bits_equal(w.grad(), ops::add(once, once)));
}

TEST(Backward, WhatNeedsNoGradientIsNotRecorded) {
  Value w(test::random_floats({4, 4}, 1)), x(test::random_floats({2, 4}, 2));
  const std::vector<int> labels = {0, 1};
  Recording recording(Recording::Purpose::backward);
  EXPECT_TRUE(test::fails_with([&] { recording.backward(functional::cross_entropy(functional::linear(x, w, {}), labels)); },
                               {"nothing that requires a gradient"}));
  w.set_requires_grad(true);
  {
    const NoGrad pause;
    EXPECT_FALSE(functional::linear(x, w, {}).requires_grad());
  }
  EXPECT_TRUE(functional::linear(x, w, {}).requires_grad());
  EXPECT_TRUE(test::fails_with([&] { recording.backward(functional::linear(x, w, {})); }, {"one number", "[2, 4]"}));
}

TEST(Backward, DropoutFollowsTheSeed) {
  const Value x(Tensor::full({8, 8}, 1));
  const auto dropped = [&](uint64_t seed) {
    Recording recording(Recording::Purpose::backward, seed);
    return functional::dropout(x, 0.5f, Mode::train).tensor();
  };
  EXPECT_TRUE(test::bits_equal(dropped(1), dropped(1)));
  EXPECT_FALSE(test::bits_equal(dropped(1), dropped(2)));
  EXPECT_TRUE(test::bits_equal(functional::dropout(x, 0.5f, Mode::train).tensor(), x.tensor()));
}

// What PyTorch computes in float64 is the truth, and its float32's error the measure: a correct float32 may sum in another order, or
// by Winograd, and err `slack` times as much. No relu, nor the choice of a max pool, is so near its kink that this could move it
// over: the script that makes the goldens looks for images like that (golden_training.py, clear).
double allowed(const test::Golden& golden, const char* rounding) { return golden.number("slack") * golden.number(rounding); }

TEST(TrainingStep, ResNet18AsPyTorch) {
  const test::Golden golden("training/resnet18_step");
  ResNet18 model(10);
  test::fill_by_formula(model);
  model.train();
  const auto seed = static_cast<uint32_t>(golden.number("seed"));
  EXPECT_NEAR(
      train_step(model, hashed_values({4, 3, 32, 32}, seed, 2.0)), golden.number("loss"),
      allowed(golden, "buffer_rounding") * golden.number("loss"));  // it comes from the activations whose statistics these are
  for (const Module::State& s : model.state()) {
    if (s.is_parameter) {
      EXPECT_LT(test::projected_error(s.value.grad(), golden["grad." + s.key]), allowed(golden, "rounding")) << s.key;
    } else if (golden.has("buffer." + s.key)) {
      EXPECT_LT(test::relative_error(s.value.tensor(), golden["buffer." + s.key]), allowed(golden, "buffer_rounding")) << s.key;
    } else {
      EXPECT_EQ(*s.value.tensor().data<int64_t>(), 1) << s.key;
    }
  }
}

TEST(TrainingStep, SameBitsAgain) {
  std::vector<Tensor> first;
  for (int run = 0; run < 2; ++run) {
    ResNet18 model(10);
    test::fill_by_formula(model);
    model.train();
    train_step(model, hashed_values({4, 3, 64, 64}, 1014, 2.0));
    size_t i = 0;
    for (const Module::State& s : model.state()) {
      if (!s.is_parameter) continue;
      if (run == 0)
        first.push_back(s.value.grad());
      else
        EXPECT_TRUE(test::bits_equal(s.value.grad(), first[i++])) << s.key;
    }
  }
}

using MakeOptimizer = std::function<std::unique_ptr<Optimizer>(std::vector<ParameterGroup>)>;

void check_five_steps(const std::string& name, const MakeOptimizer& make) {
  const test::Golden golden("training/five_steps_" + name);
  const Tensor images = hashed_values({8, 3, 16, 16}, static_cast<uint32_t>(golden.number("seed")), 2.0);
  const double rounding = allowed(golden, "loss_rounding");
  test::SmallNet model;
  test::fill_by_formula(model);
  model.train();
  ParameterGroup all;
  std::vector<Tensor> before;
  for (const Module::State& s : model.state())
    if (s.is_parameter) {
      all.parameters.push_back(s);
      before.push_back(s.value.tensor().clone());
    }
  const std::unique_ptr<Optimizer> optimizer = make({all});
  for (int step = 0; step < 5; ++step) {
    optimizer->clear_gradients();
    const double* want = golden["losses"].data<double>() + 2 * step;
    EXPECT_NEAR(train_step(model, images), want[0], rounding * want[0]) << name << " step " << step;
    EXPECT_NEAR(clip_gradients(*optimizer, 2.0), want[1], rounding * want[1]) << name << " step " << step;
    optimizer->step();
  }
  for (size_t i = 0; i < before.size(); ++i) {
    const Module::State& s = all.parameters[i];
    Tensor change = before[i];
    for (int64_t k = 0; k < change.numel(); ++k)
      change.data<float>()[k] = s.value.tensor().data<float>()[k] - change.data<float>()[k];
    EXPECT_LT(test::projected_error(change, golden["change." + s.key]), allowed(golden, "rounding")) << name << " " << s.key;
  }
}

std::vector<ParameterGroup> with(std::vector<ParameterGroup> groups, double lr, double weight_decay) {
  for (ParameterGroup& g : groups) g.lr = lr, g.weight_decay = weight_decay;
  return groups;
}

TEST(FiveSteps, Sgd) {
  check_five_steps("sgd", [](auto g) { return std::make_unique<Sgd>(with(g, 0.01, 0), Sgd::Options{}); });
}
TEST(FiveSteps, Momentum) {
  check_five_steps("momentum", [](auto g) { return std::make_unique<Sgd>(with(g, 0.01, 1e-2), Sgd::Options{.momentum = 0.9}); });
}
TEST(FiveSteps, Nesterov) {
  check_five_steps("nesterov", [](auto g) {
    return std::make_unique<Sgd>(with(g, 0.01, 1e-2), Sgd::Options{.momentum = 0.9, .nesterov = true});
  });
}
// AdamW's first updates are gradient / (|gradient| + eps): an eps above the noise, or any sign of a gradient of noise would be right.
TEST(FiveSteps, AdamW) {
  check_five_steps("adamw",
                   [](auto g) { return std::make_unique<nn::AdamW>(with(g, 1e-3, 1e-2), nn::AdamW::Options{.eps = 1e-4}); });
}
TEST(FiveSteps, AdamWAsFastaiSetsIt) {
  check_five_steps("adamw_fastai", [](auto g) {
    return std::make_unique<nn::AdamW>(with(g, 1e-3, 0.1), nn::AdamW::Options{.beta1 = 0.95, .beta2 = 0.99, .eps = 1e-5});
  });
}

TEST(Groups, NoDecayForBatchNormAndBiases) {
  const ResNet18 model(10);
  const auto groups = decay_groups(model.state(), 0.1, 0.01);
  EXPECT_EQ(groups[0].parameters.size(), 21u);  // 20 convolutions and fc
  EXPECT_EQ(groups[1].parameters.size(), 41u);  // 20 times weight and bias, and fc's bias
  EXPECT_EQ(groups[1].weight_decay, 0);
}

TEST(OneCycle, AsFastai) {
  const test::Golden golden("training/one_cycle");
  const OneCycle schedule;
  for (int64_t i = 0; i < golden["x"].numel(); ++i) {
    const double x = golden["x"].data<double>()[i];
    EXPECT_NEAR(schedule.lr_factor(x), golden["lr"].data<double>()[i], 1e-7);  // fastai computes it in float32
    EXPECT_NEAR(schedule.momentum(x), golden["momentum"].data<double>()[i], 1e-7);
  }
}

TEST(Init, DeviationsAndDeterminism) {
  ResNet18 model(10), again(10);
  Generator a(7), b(7);
  init::initialise(model, a);
  init::initialise(again, b);
  const auto states = model.state(), states_again = again.state();
  for (size_t i = 0; i < states.size(); ++i) {
    EXPECT_TRUE(test::bits_equal(states[i].value.tensor(), states_again[i].value.tensor())) << states[i].key;
    const Tensor& t = states[i].value.tensor();
    if (t.dim() != 4) continue;
    double squares = 0;
    for (int64_t k = 0; k < t.numel(); ++k) squares += static_cast<double>(t.data<float>()[k]) * t.data<float>()[k];
    const double want = std::sqrt(2.0 / static_cast<double>(t.size(0) * t.size(2) * t.size(3)));  // fan out
    EXPECT_NEAR(std::sqrt(squares / static_cast<double>(t.numel())) / want, 1, 0.03) << states[i].key;
  }
}

}  // namespace
}  // namespace octet::nn
