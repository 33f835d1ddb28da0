// torchvision's own quantized models (eager mode), node by node: the state_dict is read under its keys, every code is PyTorch's.
#include <zlib.h>

#include "nn/graph/executor.h"
#include "nn/models/form.h"
#include "nn/trace.h"
#include "ops/int8/quantize.h"
#include "quant/formats/from_pytorch.h"
#include "quant/formats/pytorch_keys.h"
#include "quant/formats/recognise.h"
#include "quant/passes/convert.h"
#include "quant/passes/prepare.h"
#include "tests/support/golden.h"
#include "tests/support/training.h"

namespace octet::quant {
namespace {

using test::Golden;

struct Case {
  const char* name;
  nn::Form form;
  const char *qconfig, *backend;
  Engine engine;
  friend std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }
};
const Case kCases[] = {
    {"resnet18", {.network = nn::Network::resnet18}, "x86", "fbgemm", Engine::fbgemm},
    {"resnet50", {.network = nn::Network::resnet50}, "x86", "fbgemm", Engine::fbgemm},
    {"mobilenet_v2", {.network = nn::Network::mobilenet_v2, .relu6_is_relu = true}, "qnnpack", "qnnpack", Engine::qnnpack}};

int64_t crc_of(const Tensor& codes) {
  return static_cast<int64_t>(crc32(0, reinterpret_cast<const Bytef*>(codes.bytes()), static_cast<uInt>(codes.nbytes())));
}

class EagerModels : public ::testing::TestWithParam<Case> {
 protected:
  EagerModels() {
    const auto model = nn::make_model(GetParam().form, 10);
    test::fill_by_formula(*model);
    traced_ = nn::trace(*model, Tensor::zeros({1, 3, 64, 64}));
  }

  /// PyTorch's state_dict: its numbers, and our own folded and quantized weights, whose CRC must be PyTorch's.
  StateDict pytorch_state() const {
    StateDict state;
    for (const auto& [array, value] : golden_.arrays())
      if (const std::string key = array.substr(array.find('.') + 1); array.starts_with("state."))
        state.add({key, value.to(key.ends_with("zero_point") ? DType::i64 : DType::f32), {}});
    const QConfigMapping mapping = get_default_qconfig_mapping(GetParam().qconfig);
    const nn::Graph prepared = prepare(traced_, mapping);
    for (const nn::Node& node : prepared.nodes()) {
      if (!nn::is<nn::op::Conv2d>(node.op) && !nn::is<nn::op::Linear>(node.op)) continue;
      const bool packed = nn::is<nn::op::Linear>(node.op);
      const LayerWeights w = quantized_weights(node, mapping);
      EXPECT_EQ(crc_of(w.codes), golden_.number("weight_crc." + node.target)) << node.target;
      StoredQParams q{{w.scale.begin(), w.scale.end()}, std::vector<int64_t>(w.scale.size(), 0), {}};
      if (w.scale.size() > 1) q.axis = 0;
      state.add({node.target + (packed ? kPackedWeight : ".weight"), w.codes, q});
      state.add({node.target + (packed ? kPackedBias : ".bias"), w.bias, {}});
    }
    return state;
  }

  Golden golden_{"networks/eager_" + std::string(GetParam().name) + "_" + GetParam().backend};
  nn::Graph traced_;
};
INSTANTIATE_TEST_SUITE_P(Torchvision, EagerModels, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(EagerModels, EveryCodeIsPyTorchs) {
  const StateDict state = pytorch_state();
  EXPECT_EQ(recognise(state), FileKind::pytorch_int8);
  EXPECT_EQ(nn::form_of(state, "test").name(), GetParam().form.name());
  EXPECT_EQ(nn::form_of(state, "test").relu6_is_relu, GetParam().form.relu6_is_relu);
  const nn::Graph graph = graph_from_pytorch(traced_, state, GetParam().engine, "test");
  int compared = 0;
  const Tensor logits =
      nn::run(graph, test::hashed_values({2, 3, 64, 64}, 7, 2.0), [&](const nn::Node& node, const Tensor& value) {
        const std::string name = "crc." + node.target;
        if (value.dtype() != DType::quint8 || !golden_.has(name)) return;
        EXPECT_EQ(crc_of(to_channels_first(value)), golden_.number(name)) << node.target;
        ++compared;
      });
  EXPECT_GE(compared, 20);  // every convolution at least
  EXPECT_TRUE(test::bits_equal(logits, golden_["int8_logits"]));
}

TEST_P(EagerModels, OlderFilesKeepLinearWeightsUnderOtherKeys) {
  const StateDict state = pytorch_state();
  const Tensor images = test::hashed_values({1, 3, 64, 64}, 7, 2.0);
  const Tensor want = nn::run(graph_from_pytorch(traced_, state, GetParam().engine, "test"), images);
  const std::string layer = GetParam().form.classifier();
  for (const auto& [weight, bias] : {std::pair("._packed_params.weight", "._packed_params.bias"), {".weight", ".bias"}}) {
    StateDict older;
    for (const StateEntry& e : state.entries())
      older.add({e.key == layer + kPackedWeight ? layer + weight
                 : e.key == layer + kPackedBias ? layer + bias
                                                : e.key,
                 e.tensor, e.qparams});
    EXPECT_EQ(outputs_from_pytorch(older, layer, "test"), 10);
    EXPECT_EQ(nn::form_of(older, "test").classifier(), layer);
    EXPECT_TRUE(test::bits_equal(nn::run(graph_from_pytorch(traced_, older, GetParam().engine, "test"), images), want));
  }
}

TEST_P(EagerModels, DynamicQuantizationIsNamed) {
  StateDict state;
  const StateDict whole = pytorch_state();
  for (const StateEntry& e : whole.entries())
    state.add({e.key, e.tensor.dim() == 4 ? Tensor::zeros(e.tensor.shape()) : e.tensor,
               e.tensor.dim() == 4 ? std::nullopt : e.qparams});
  EXPECT_TRUE(test::fails_with([&] { graph_from_pytorch(traced_, state, GetParam().engine, "a.pth"); },
                               {"a.pth", "quantized dynamically", "quantize --weights"}));
}

TEST_P(EagerModels, MissingNumbersAreNamed) {
  StateDict state;
  const StateDict whole = pytorch_state();
  for (const StateEntry& e : whole.entries())
    if (e.key != "quant.zero_point") state.add(e);
  EXPECT_TRUE(test::fails_with([&] { graph_from_pytorch(traced_, state, GetParam().engine, "a.pth"); },
                               {"a.pth", "missing key 'quant.zero_point'"}));
}

}  // namespace
}  // namespace octet::quant
