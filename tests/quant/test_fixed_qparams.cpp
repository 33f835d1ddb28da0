// Codes with a fixed scale: sigmoid's in a network of one's own, through each of PyTorch's files and octet's, and in training.
#include <set>

#include "nn/graph/executor.h"
#include "nn/graph/ops/sigmoid.h"
#include "nn/graph_module.h"
#include "nn/trace.h"
#include "ops/int8/quantize.h"
#include "quant/formats/from_pytorch.h"
#include "quant/formats/model_file.h"
#include "quant/formats/qat_checkpoint.h"
#include "quant/formats/to_pytorch.h"
#include "quant/passes/calibrate.h"
#include "quant/passes/fake_quantize.h"
#include "quant/passes/insert_observers.h"
#include "quant/passes/prepare.h"
#include "quant/qat/fixed_qparams_fake_quantize.h"
#include "quant/qconfig/qconfig_json.h"
#include "tests/support/compare.h"
#include "tests/support/gates.h"
#include "tests/support/make.h"
#include "tests/support/training.h"

namespace octet::quant {
namespace {

const Tensor kImages = test::random_floats({4, 3, 16, 16}, 1);

nn::Graph traced() {
  test::Gates gates(10);
  test::fill_by_formula(gates);
  return nn::trace(gates, Tensor::zeros({1, 3, 16, 16}));
}

nn::Graph calibrated(const QConfigMapping& mapping) {
  nn::Graph prepared = prepare(traced(), mapping);
  nn::run(prepared, kImages);
  return prepared;
}

std::set<std::string> keys_of(const StateDict& state, const std::string& ending) {
  std::set<std::string> keys;
  for (const StateEntry& e : state.entries())
    if (e.key.find(ending) != std::string::npos) keys.insert(e.key);
  return keys;
}

// As torch 2.11 names them for convert_fx's model of the same network: a sigmoid has none.
TEST(FixedQParams, ThroughPyTorchsStateDict) {
  for (const char* backend : {"qnnpack", "x86"}) {
    const QConfigMapping mapping = get_default_qconfig_mapping(backend);
    const nn::Graph prepared = calibrated(mapping);
    const StateDict state = state_dict_for_pytorch(prepared, mapping);
    EXPECT_EQ(keys_of(state, "scale"),
              (std::set<std::string>{"stem_input_scale_0", "stem.scale", "inner.scale", "pool_scale_0", "fc.scale"}));
    const nn::Graph back = graph_from_pytorch(traced(), state, mapping.engine(), "gates.pth");
    EXPECT_TRUE(test::bits_equal(nn::run(back, kImages), nn::run(convert(prepared, mapping), kImages)));
  }
}

TEST(FixedQParams, ThroughAModelFile) {
  const QConfigMapping mapping = get_default_qconfig_mapping("qnnpack");
  const nn::Graph int8 = convert(calibrated(mapping), mapping);
  const nn::Graph back = load_graph(save_graph(int8, {}), "model");
  EXPECT_TRUE(test::bits_equal(nn::run(back, kImages), nn::run(int8, kImages)));
}

/// Fake quantization, continued from the int8 graph's own codes, gives the value of each of its codes.
TEST(FixedQParams, FakeQuantizationRoundsAlike) {
  const QParams input{0.031f, 117}, output = nn::info(nn::Op(nn::op::Sigmoid{})).fixed;
  Tensor codes({256}, DType::quint8);
  for (int64_t q = 0; q < 256; ++q) codes.data<uint8_t>()[q] = static_cast<uint8_t>(q);
  const Tensor values = ops::activate(ops::Activation::sigmoid, ops::int8::dequantize(codes, input));
  const Tensor int8 = nn::op::QuantizedSigmoid{input}.run({std::array{codes}, {}});
  EXPECT_TRUE(test::bits_equal(FakeQuantize({output})(values), ops::int8::dequantize(int8, output)));
}

TEST(FixedQParams, TrainingThroughACheckpoint) {
  const QConfigMapping mapping = get_default_qat_qconfig_mapping("qnnpack");
  nn::GraphModule module(prepare_qat(traced(), mapping));
  module.train();
  {
    nn::Recording recording(nn::Recording::Purpose::backward);
    const nn::Value y = module(nn::Value(kImages));
    recording.backward(y, test::random_floats(y.tensor().shape(), 2));
  }
  StateDict state;
  for (const nn::Module::State& s : module.state()) state.add({s.key, s.value.tensor().clone(), {}});
  EXPECT_EQ(keys_of(state, "activation_post_process_2."),
            (std::set<std::string>{"activation_post_process_2.fake_quant_enabled", "activation_post_process_2.observer_enabled",
                                   "activation_post_process_2.scale", "activation_post_process_2.zero_point",
                                   "activation_post_process_2.activation_post_process.scale",
                                   "activation_post_process_2.activation_post_process.zero_point"}));
  enable_observers(module.graph(), false);
  const TrainedQat back = load_qat(traced(), state, "gates.pth");
  EXPECT_TRUE(test::bits_equal(nn::run(convert(back.folded, back.mapping), kImages),
                               nn::run(convert(fold_qat(module.graph()), mapping), kImages)));
  EXPECT_TRUE(
      test::fails_with([] { FixedQParamsFakeQuantize histogram(ObserverChoice{}); }, {"FixedQParamsObserver", "Histogram"}));
}

TEST(FixedQParams, OfTheObserver) {
  const auto observer = make_observer({.kind = "FixedQParamsObserver", .fixed = {0.5f, 10}});
  observer->observe(Tensor::from({1000, -1000}, {2}));
  EXPECT_EQ(observer->calculate_qparams(), (QParams{0.5f, 10}));
  EXPECT_EQ(observer->min(), -5);
  EXPECT_EQ(observer->max(), 122.5f);
  EXPECT_EQ(observer->to_string(), "FixedQParamsObserver()");
  EXPECT_TRUE(test::fails_with([] { make_observer({.kind = "FixedQParamsObserver", .fixed = {0, 10}}); }, {"scale 0"}));
}

TEST(FixedQParams, AnotherScaleIsRefusedAndFloatIsNot) {
  const auto with_rule = [](const char* json) {
    QConfigMapping mapping = get_default_qconfig_mapping("qnnpack");
    apply_json(mapping, json, "q.json");
    return prepare(traced(), mapping);
  };
  EXPECT_TRUE(
      test::fails_with([&] { with_rule(R"({"object_type": {"Sigmoid": {}}})"); }, {"'gate'", "Sigmoid", "0.00390625", "null"}));
  EXPECT_TRUE(test::fails_with([&] { with_rule(R"({"module_name": {"gate": {"activation": {"observer": "MinMaxObserver"}}}})"); },
                               {"'gate'", "FixedQParamsObserver"}));
  with_rule(
      R"({"module_name": {"gate": {"activation": {"observer": "FixedQParamsObserver", "scale": 0.00390625, "zero_point": 0}}}})");
  const nn::Graph prepared = with_rule(R"({"object_type": {"Sigmoid": null, "sigmoid": null}})");
  for (const ObserverInfo& info : observers(prepared)) EXPECT_NE(info.observer->kind(), "FixedQParamsObserver");
}

}  // namespace
}  // namespace octet::quant
