// Quantization-aware training against PyTorch: each batch of fake quantization in bits, gradients, steps, and the conversion in
// codes.
#include <zlib.h>

#include <algorithm>
#include <set>

#include "nn/graph/executor.h"
#include "nn/graph_module.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/layers.h"
#include "nn/models/resnet.h"
#include "nn/optim/sgd.h"
#include "nn/trace.h"
#include "quant/passes/convert.h"
#include "quant/passes/fake_quantize.h"
#include "quant/passes/insert_observers.h"
#include "quant/qat/fused_moving_avg_obs_fake_quantize.h"
#include "quant/qat/prepare_qat.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"
#include "tests/support/small_net.h"
#include "tests/support/training.h"

namespace octet::quant {
namespace {

using nn::Value;
using test::Golden;

Value differentiable(const Tensor& t) {
  Value v(t);
  v.set_requires_grad(true);
  return v;
}

class FusedFakeQuantize : public ::testing::TestWithParam<std::tuple<const char*, const char*, const char*>> {};
INSTANTIATE_TEST_SUITE_P(AsPyTorch, FusedFakeQuantize,
                         ::testing::Combine(::testing::Values("qnnpack", "x86"), ::testing::Values("activation", "weight"),
                                            ::testing::Values("spread", "growing", "positive", "negative", "zeros", "constant",
                                                              "tiny", "tiny_positive", "even", "even_shifted", "outlier")),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param)) + "_" + std::get<1>(info.param) + "_" +
                                  std::get<2>(info.param);
                         });

TEST_P(FusedFakeQuantize, EveryBatch) {
  const auto [backend, role, data] = GetParam();
  const Golden golden("qat/fused_" + std::string(backend) + "_" + role + "_" + data);
  const QConfig qconfig = *get_default_qat_qconfig_mapping(backend).global();
  const ObserverChoice choice = role == std::string("weight") ? qconfig.weight : qconfig.activation;
  FusedMovingAvgObsFakeQuantize fake(choice, choice.per_channel ? 4 : 1);
  std::map<std::string, Value> buffers;
  for (const nn::NamedValue& b : fake.buffers()) buffers[b.name] = b.value;
  for (int i = 0; i < static_cast<int>(golden.number("batches")); ++i) {
    if (i == 2) fake.enable_observer(false);
    const auto want = [&](const char* name) { return golden[name + std::to_string(i)]; };
    const Value x = differentiable(want("x"));
    const Tensor dy = test::hashed_values(x.tensor().shape(), 77, 1.0);
    {
      nn::Recording recording(nn::Recording::Purpose::backward);
      const Value y = fake.forward(x);
      EXPECT_TRUE(test::bits_equal(y.tensor(), want("y"))) << i;
      recording.backward(y, dy);
    }
    EXPECT_TRUE(test::bits_equal(x.grad(), want("dx"))) << i;
    EXPECT_TRUE(test::bits_equal(buffers["scale"].tensor(), want("scale"))) << i;
    EXPECT_TRUE(test::bits_equal(buffers["zero_point"].tensor(), want("zero_point"))) << i;
    EXPECT_TRUE(test::bits_equal(buffers["activation_post_process.min_val"].tensor(), want("min"))) << i;
    EXPECT_TRUE(test::bits_equal(buffers["activation_post_process.max_val"].tensor(), want("max"))) << i;
  }
  std::vector<float> scale;
  std::vector<int32_t> zero_point;
  for (const auto& observer : fake.observers()) {
    scale.push_back(observer->calculate_qparams().scale);
    zero_point.push_back(observer->calculate_qparams().zero_point);
  }
  const auto n = static_cast<int64_t>(scale.size());
  EXPECT_TRUE(test::bits_equal(Tensor::from(scale, {n}), golden["convert_scale"]));
  EXPECT_TRUE(test::bits_equal(Tensor::from(zero_point, {n}, DType::i32), golden["convert_zero_point"]));
}

TEST(FusedFakeQuantizeSwitches, EachHalfByItself) {
  FusedMovingAvgObsFakeQuantize fake(get_default_qat_qconfig_mapping("qnnpack").global()->activation);
  const Tensor x = test::hashed_values({2, 8}, 1, 2.0);
  fake.enable_fake_quant(false);
  EXPECT_TRUE(test::bits_equal(fake(x), x));
  EXPECT_EQ(fake.qparams()[0], QParams());  // as PyTorch's: only the range is observed
  fake.enable_fake_quant(true);
  fake(x);
  const QParams seen = fake.qparams()[0];
  EXPECT_NE(seen, QParams());
  fake.enable_observer(false);
  EXPECT_FALSE(test::bits_equal(fake(test::hashed_values({2, 8}, 2, 9.0)), x));
  EXPECT_EQ(fake.qparams()[0], seen);
  EXPECT_TRUE(test::fails_with([] { FusedMovingAvgObsFakeQuantize histogram(ObserverChoice{}); },
                               {"MovingAverageMinMaxObserver", "Histogram"}));
}

/// conv, batch norm and relu as ConvBnReLU2d.
class ConvBn : public ::testing::TestWithParam<std::tuple<const char*, bool>> {};
INSTANTIATE_TEST_SUITE_P(AsPyTorch, ConvBn, ::testing::Combine(::testing::Values("qnnpack", "x86"), ::testing::Bool()));

TEST_P(ConvBn, ForwardAndGradients) {
  const auto [backend, bias] = GetParam();
  const Golden golden("qat/conv_bn_" + std::string(backend) + (bias ? "_bias" : "_plain"));
  struct Net : nn::Sequential {
    explicit Net(bool with_bias) {
      append<nn::Conv2d>(4, 6, nn::Conv2d::Options{.kernel = 3, .padding = 1, .bias = with_bias});
      append<nn::BatchNorm>(6);
      append<nn::ReLU>();
    }
  } net(bias);
  const QConfigMapping mapping = get_default_qat_qconfig_mapping(backend);
  nn::GraphModule model(prepare_qat(nn::trace(net, Tensor::zeros({1, 4, 6, 5})), mapping));
  std::map<std::string, Value> state;
  for (const auto& s : model.state()) state[s.key] = s.value;
  state["0.weight"].set(test::hashed_values({6, 4, 3, 3}, 1, 0.4));
  state["0.bn.weight"].set(test::hashed_values({6}, 2, 0.5, 1.0));
  state["0.bn.bias"].set(test::hashed_values({6}, 3, 0.5));
  state["0.bn.running_var"].set(test::hashed_values({6}, 4, 0.5, 1.0));
  if (bias) state["0.bias"].set(test::hashed_values({6}, 5, 0.5));
  for (int i = 0; i < 2; ++i)  // the layer by itself: what comes in and goes out is not rounded
    state["activation_post_process_" + std::to_string(i) + ".fake_quant_enabled"].set(Tensor::zeros({1}, DType::i64));
  model.train();
  for (int step = 0; step < 2; ++step) {
    const std::string n = std::to_string(step);
    model.freeze_batch_norm(step == 1);
    for (auto& [key, value] : state) value.clear_grad();
    const Value x = differentiable(test::hashed_values({3, 4, 6, 5}, 10 + static_cast<uint32_t>(step), 1.0));
    {
      nn::Recording recording(nn::Recording::Purpose::backward);
      const Value y = model(x);
      EXPECT_TRUE(test::all_close(y.tensor(), golden["y" + n], 1e-5f, 1e-5f));
      recording.backward(y, test::hashed_values(y.tensor().shape(), 20 + static_cast<uint32_t>(step), 1.0));
    }
    EXPECT_LT(test::relative_error(x.grad(), golden["dx" + n]), 1e-5);
    for (const std::string key : {"weight", "bn.weight", "bn.bias"})
      EXPECT_LT(test::relative_error(state["0." + key].grad(), golden["d" + n + "." + key]), 2e-5) << key << n;
    if (bias && step == 1) {  // in training the batch's mean takes the bias away, and its gradient is nothing but rounding
      EXPECT_LT(test::relative_error(state["0.bias"].grad(), golden["d1.bias"]), 1e-5);
    }
    for (const std::string key : {"running_mean", "running_var"})
      EXPECT_LT(test::relative_error(state["0.bn." + key].tensor(), golden["b" + n + "." + key]), 1e-6) << key << n;
  }
}

nn::GraphModule prepared_by_formula(nn::Module& net, const QConfigMapping& mapping) {
  test::fill_by_formula(net);
  return nn::GraphModule(prepare_qat(nn::trace(net, Tensor::zeros({1, 3, 64, 64})), mapping));
}

struct Steps {
  const char* name;
  int images;
  bool activations;                  // are they rounded?
  int64_t size;                      // of an image
  double losses, gradients, scales;  // tolerances, relative; 0: the golden's
  friend std::ostream& operator<<(std::ostream& out, const Steps& s) { return out << s.name; }
};
// Of the small net: a few codes that flip by float noise. PyTorch's own losses move by 2e-3, gradients by 3e-3 and scales by 1e-3
// when the images are multiplied by 1 + 1e-6. ResNet18 with float activations has images with which no relu lies near its kink in the
// first step, whose gradients therefore differ by rounding alone; its losses, later, by as much as PyTorch's own (golden_qat.py).
const Steps kSteps[] = {{"small", 32, true, 64, 5e-3, 3e-2, 5e-3}, {"weights", 4, false, 32, 0, 0, 1e-3}};

class QatSteps : public ::testing::TestWithParam<std::tuple<Steps, const char*>> {};
INSTANTIATE_TEST_SUITE_P(AsPyTorch, QatSteps,
                         ::testing::Combine(::testing::ValuesIn(kSteps), ::testing::Values("qnnpack", "x86")),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) + "_" + std::get<1>(info.param);
                         });

TEST_P(QatSteps, LossesGradientsAndScales) {
  const auto& [kind, backend] = GetParam();
  const Golden golden("qat/steps_" + std::string(kind.name) + "_" + backend);
  test::SmallNet small;
  nn::ResNet18 resnet(10);
  nn::GraphModule model =
      prepared_by_formula(kind.activations ? static_cast<nn::Module&>(small) : resnet, get_default_qat_qconfig_mapping(backend));
  const double losses = kind.losses > 0 ? kind.losses : golden.number("loss_spread"),
               gradients = kind.gradients > 0 ? kind.gradients : golden.number("slack") * golden.number("rounding");
  std::set<std::string> keys, wanted;
  for (nn::Module::State s : model.state()) {
    keys.insert(s.key);
    const bool of_activation = s.key.starts_with("activation") && s.key.ends_with(".fake_quant_enabled");
    if (of_activation && !kind.activations) s.value.set(Tensor::zeros({1}, DType::i64));
  }
  for (const std::string& key : golden.lines("keys")) wanted.insert(key);
  EXPECT_EQ(keys, wanted);

  nn::Sgd optimizer(nn::decay_groups(model.state(), 1e-3, 0), {.momentum = 0.9});
  std::vector<int> labels;
  for (int i = 0; i < kind.images; ++i) labels.push_back(i % 10);
  const Value images(
      test::hashed_values({kind.images, 3, kind.size, kind.size}, static_cast<uint32_t>(golden.number("seed")), 2.0));
  model.train();
  for (int step = 0; step < 5; ++step) {
    if (step == 3 && kind.activations) {
      enable_observers(model.graph(), false);
      model.freeze_batch_norm(true);
    }
    optimizer.clear_gradients();
    nn::Recording recording(nn::Recording::Purpose::backward);
    const Value loss = nn::functional::cross_entropy(model(images), labels, {.label_smoothing = 0.1f});
    const double want = golden["losses"].data<double>()[step];
    EXPECT_NEAR(loss.tensor().data<float>()[0], want, losses * want) << step;
    recording.backward(loss);
    std::map<std::string, float> by_key;
    for (const nn::Module::State& s : model.state()) {
      if (step == 0 && s.is_parameter) {
        EXPECT_LT(test::projected_error(s.value.grad(), golden["grad." + s.key]), gradients) << s.key;
      }
      if (s.key.starts_with("activation") && s.key.ends_with(".scale")) by_key[s.key] = s.value.tensor().data<float>()[0];
    }
    optimizer.step();
    std::vector<float> scales;
    for (const auto& [key, scale] : by_key) scales.push_back(scale);
    EXPECT_LT(test::relative_error(Tensor::from(scales, {std::ssize(scales)}), golden["scales" + std::to_string(step)]),
              kind.scales)
        << step;
  }
}

class QatConversion : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(AsPyTorch, QatConversion, ::testing::Values("qnnpack", "x86"));

TEST_P(QatConversion, ResNet18ToTheSameCodes) {
  const Golden golden("qat/convert_" + std::string(GetParam()));
  const QConfigMapping mapping = get_default_qat_qconfig_mapping(GetParam());
  nn::ResNet18 net(10);
  nn::GraphModule model = prepared_by_formula(net, mapping);
  for (nn::Module::State s : model.state())
    if (golden.has(s.key)) s.value.set(golden[s.key].clone());
  const nn::Graph folded = fold_qat(model.graph());
  const nn::Graph int8 = convert(folded, mapping);
  int nodes = 0;
  const Tensor images = test::hashed_values({2, 3, 64, 64}, 7, 2.0);
  const Tensor logits = nn::run(int8, images, [&](const nn::Node& node, const Tensor& value) {
    if (value.dtype() != DType::quint8) return;
    ++nodes;
    const Tensor codes = to_channels_first(value);
    EXPECT_EQ(static_cast<int64_t>(crc32(0, reinterpret_cast<const Bytef*>(codes.bytes()), static_cast<uInt>(codes.nbytes()))),
              golden.number("crc." + node.name))
        << node.name;
  });
  EXPECT_EQ(nodes, std::count_if(golden.arrays().begin(), golden.arrays().end(),
                                 [](const auto& a) { return a.first.starts_with("crc."); }));
  EXPECT_TRUE(test::bits_equal(logits, golden["logits"]));
}

/// Batch norm and relu before a convolution, as DenseNet has them: nothing to fold into.
class NormFirst : public nn::Module {
 public:
  NormFirst()
      : norm_(add<nn::BatchNorm>("norm", 3)),
        relu_(add<nn::ReLU>("relu")),
        conv_(add<nn::Conv2d>("conv", 3, 4, nn::Conv2d::Options{.kernel = 3})) {}

 protected:
  Value forward(const Value& x) override { return conv_(relu_(norm_(x))); }

 private:
  nn::BatchNorm& norm_;
  nn::ReLU& relu_;
  nn::Conv2d& conv_;
};

TEST(PrepareQat, ABatchNormWithItsReluHasTheKeysOfBNReLU2d) {
  NormFirst net;
  net.eval();
  const nn::Graph traced = nn::trace(net, Tensor::zeros({1, 3, 6, 6}));
  const nn::GraphModule module(prepare_qat(traced, get_default_qat_qconfig_mapping("qnnpack")));
  std::set<std::string> keys;
  for (const auto& s : module.state()) keys.insert(s.key);
  for (const char* name : {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}) {
    EXPECT_TRUE(keys.contains(std::string("norm.0.") + name)) << name;
    EXPECT_FALSE(keys.contains(std::string("norm.") + name)) << name;
  }
}

}  // namespace
}  // namespace octet::quant
