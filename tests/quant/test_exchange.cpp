// A network of one's own goes to PyTorch's files and comes back with the same codes: int8, and in quantization-aware training.
#include "nn/graph/executor.h"
#include "nn/graph_module.h"
#include "quant/formats/from_pytorch.h"
#include "quant/formats/model_file.h"
#include "quant/formats/qat_checkpoint.h"
#include "quant/formats/recognise.h"
#include "quant/formats/to_pytorch.h"
#include "quant/passes/calibrate.h"
#include "quant/passes/prepare.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"
#include "tests/support/own_network.h"

namespace octet::quant {
namespace {

const Tensor kImages = test::random_floats({4, 3, 16, 16}, 1);

void expect_same_codes(const nn::Graph& a, const nn::Graph& b) {
  std::map<std::string, Tensor> of_a;
  nn::run(a, kImages, [&](const nn::Node& node, const Tensor& result) { of_a[node.name] = result; });
  size_t compared = 0;
  nn::run(b, kImages, [&](const nn::Node& node, const Tensor& result) {
    ASSERT_TRUE(of_a.contains(node.name)) << node.name;
    EXPECT_TRUE(test::bits_equal(result, of_a[node.name])) << node.name;
    ++compared;
  });
  EXPECT_EQ(compared, of_a.size());
}

struct Int8 {
  QConfigMapping mapping;
  nn::Graph prepared;
};

Int8 calibrated(const std::string& backend) {
  Int8 made{get_default_qconfig_mapping(backend), {}};
  made.prepared = prepare(test::trace_own_network(), made.mapping);
  int batches = 1;
  calibrate(made.prepared, [&] { return batches-- > 0 ? std::optional(kImages) : std::nullopt; });
  return made;
}

class Backend : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Exchange, Backend, ::testing::Values("qnnpack", "x86"));

TEST_P(Backend, Int8ThroughPyTorchsStateDict) {
  const Int8 made = calibrated(GetParam());
  const StateDict state = state_dict_for_pytorch(made.prepared, made.mapping);
  const nn::Graph back = graph_from_pytorch(test::trace_own_network(), state, made.mapping.engine(), "own.pth");
  expect_same_codes(convert(made.prepared, made.mapping), back);
  EXPECT_EQ(outputs_from_pytorch(state, "fc", "own.pth"), 5);
}

// The keys are those that torch 2.11 gives convert_fx's model of the same network. The numbers count what forward observes: the
// first addition, the cat, the second addition.
TEST(Exchange, KeysArePyTorchs) {
  const Int8 made = calibrated("qnnpack");
  std::set<std::string> scales;
  const StateDict state = state_dict_for_pytorch(made.prepared, made.mapping);
  for (const StateEntry& e : state.entries())
    if (e.key.find("scale") != std::string::npos) scales.insert(e.key);
  EXPECT_EQ(scales, (std::set<std::string>{"stem_input_scale_0", "stem.scale", "inner.scale", "_scale_0", "wide.scale",
                                           "_scale_2", "relu_scale_0", "fc.scale"}));
}

TEST(Exchange, AnotherNetworksKeysAreListed) {
  const Int8 made = calibrated("qnnpack");
  const StateDict state = state_dict_for_pytorch(made.prepared, made.mapping);
  StateDict other;
  for (const StateEntry& e : state.entries())
    if (e.key != "_scale_2") other.add(e);
  other.add({"_scale_3", Tensor::full({}, 0.5f), {}});
  EXPECT_TRUE(test::fails_with([&] { graph_from_pytorch(test::trace_own_network(), other, Engine::qnnpack, "own.pth"); },
                               {"own.pth", "missing key '_scale_2'", "unexpected key '_scale_3'"}));
  EXPECT_TRUE(test::fails_with([&] { outputs_from_pytorch(state, "classifier", "own.pth"); }, {"own.pth", "classifier"}));
}

TEST_P(Backend, TrainingThroughACheckpoint) {
  const QConfigMapping mapping = get_default_qat_qconfig_mapping(GetParam());
  nn::GraphModule module(prepare_qat(test::trace_own_network(), mapping));
  module.train();
  for (int step = 0; step < 2; ++step) {
    nn::Recording recording(nn::Recording::Purpose::backward);
    module(nn::Value(kImages));
  }
  StateDict state;
  for (const nn::Module::State& s : module.state()) state.add({s.key, s.value.tensor().clone(), {}});
  const TrainedQat back = load_qat(test::trace_own_network(), state, "own.pth");
  EXPECT_EQ(back.mapping.backend(), GetParam());
  expect_same_codes(convert(fold_qat(module.graph()), mapping), convert(back.folded, back.mapping));
}

TEST(Recognise, EachKindByItsMark) {
  const auto tensors = [](const std::string& key) {
    StateDict state;
    state.add({key, Tensor::zeros({1}), {}});
    return state;
  };
  EXPECT_EQ(recognise(tensors("fc.weight")), FileKind::float_checkpoint);
  EXPECT_EQ(recognise({}), FileKind::float_checkpoint);
  EXPECT_EQ(recognise(tensors("fc.weight_fake_quant.scale")), FileKind::qat_checkpoint);
  EXPECT_EQ(recognise(tensors("model/fc.weight_fake_quant.scale"), {{kTrainingMetadata, "{}"}}), FileKind::training_state);
  const Int8 made = calibrated("qnnpack");
  EXPECT_EQ(recognise(state_dict_for_pytorch(made.prepared, made.mapping)), FileKind::pytorch_int8);
  const SavedModel saved = save_graph(convert(made.prepared, made.mapping), {});
  EXPECT_EQ(recognise(saved.tensors, saved.metadata), FileKind::octet_int8);
  EXPECT_EQ(recognise(saved.tensors, {{"format", "octet-int8-9"}}), FileKind::octet_int8);
  EXPECT_EQ(recognise(saved.tensors, {{"format", "pt"}}), FileKind::float_checkpoint);
}

}  // namespace
}  // namespace octet::quant
