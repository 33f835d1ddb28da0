// ResNet18 in five forms and engines against PyTorch, node by node: names, order, every int8 code, float nodes within 1e-5.
#include <zlib.h>

#include "loaders/checkpoints/pth.h"
#include "loaders/checkpoints/pth_writer.h"
#include "nn/graph/executor.h"
#include "nn/graph/print.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "ops/int8/quantize.h"
#include "quant/checks/verify_by_hand.h"
#include "quant/formats/from_pytorch.h"
#include "quant/formats/model_file.h"
#include "quant/formats/recognise.h"
#include "quant/formats/to_pytorch.h"
#include "quant/passes/convert.h"
#include "quant/passes/insert_observers.h"
#include "quant/passes/prepare.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/make.h"

namespace octet::quant {
namespace {

using test::Golden;

struct Case {
  const char* kind;
  int classes;
  const char* backend;
  std::string name() const { return std::string(kind) + "_" + std::to_string(classes) + "_" + backend; }
};

/// The values that golden_models.py gives to the plain ResNet18's fc: a hash of the index in [-0.05, 0.05).
Tensor fc_values(int64_t begin, Shape shape) {
  Tensor t(std::move(shape));
  for (int64_t i = 0; i < t.numel(); ++i) {
    const auto hash = static_cast<uint32_t>(static_cast<uint64_t>(begin + i) * 2654435761u);
    t.data<float>()[i] = static_cast<float>((hash / 4294967296.0 - 0.5) * 0.1);
  }
  return t;
}

StateDict float_state(const Case& c) {
  const StateDict fastai = loaders::load_pth(test::source_dir() + "/data/resnet18-imagenette-fastai.pth");
  if (std::string(c.kind) == "fastai") return fastai;
  static const char* const kNames[] = {"conv1", "bn1", "", "", "layer1", "layer2", "layer3", "layer4"};
  StateDict plain;
  for (const StateEntry& e : fastai.entries())
    if (e.key.starts_with("0.")) plain.add({kNames[e.key[2] - '0'] + e.key.substr(3), e.tensor, {}});
  plain.add({"fc.weight", fc_values(0, {c.classes, 512}), {}});
  plain.add({"fc.bias", fc_values(c.classes * 512, {c.classes}), {}});
  return plain;
}

class PyTorchModels : public ::testing::TestWithParam<Case> {
 protected:
  PyTorchModels()
      : golden_("models/" + GetParam().name()),
        state_(float_state(GetParam())),
        loaded_(nn::model_from_checkpoint(state_, nn::form_of(state_, "test"), "test")) {
    traced_ = nn::trace(*loaded_.model, Tensor::zeros({1, 3, 64, 64}));
    prepared_ = prepare(traced_, qconfig_);
  }

  /// The float layer that a weight's key of PyTorch's quantized state_dict belongs to.
  nn::Node& layer_of(const std::string& key) {
    const std::string target =
        key.substr(0, key.find("._packed_params") != std::string::npos ? key.find("._packed_params") : key.rfind('.'));
    for (nn::Node& node : prepared_.nodes())
      if (node.target == target) return node;
    fail("no layer for ", key);
  }

  /// PyTorch's state_dict, put together from our own folded and quantized weights (whose CRC must be PyTorch's) and its numbers.
  StateDict pytorch_state() {
    StateDict state;
    for (const auto& [array, value] : golden_.arrays()) {
      const size_t dot = array.find('.');
      const std::string kind = array.substr(0, dot), key = dot == std::string::npos ? "" : array.substr(dot + 1);
      if (kind == "weight_scale") {
        const std::vector<float> scale = golden_.floats(array);
        const Tensor weight = layer_of(key).parameter("weight");
        EXPECT_EQ(weight_scales(qconfig_.global()->weight, weight), scale) << key;
        const Tensor codes = ops::int8::quantize_weight(weight, scale);
        EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>(codes.bytes()), static_cast<uInt>(codes.nbytes())),
                  golden_.number("crc." + key))
            << key;
        StoredQParams q{{scale.begin(), scale.end()}, std::vector<int64_t>(scale.size(), 0), {}};
        if (scale.size() > 1) q.axis = 0;
        state.add({key, codes, q});
      } else if (kind == "bias") {
        if (key.find("_packed_params") != std::string::npos || layer_of(key).parameters.contains("weight")) {
          const Tensor bias = layer_of(key).parameter("bias");
          if (bias.defined()) {
            EXPECT_TRUE(test::bits_equal(bias, value)) << key;
          }
          if (!nn::is<nn::op::BatchNorm>(layer_of(key).op)) state.add({key, value, {}});
        }
      } else if (kind == "state" && !key.ends_with("num_batches_tracked")) {
        state.add({key, value.to(key.find("zero_point") != std::string::npos ? DType::i64 : DType::f32), {}});
      }
    }
    for (const StateEntry& e : state_.entries())  // float batch norms of fastai's head
      if (e.key.starts_with("1.2.") || e.key.starts_with("1.6.")) state.add(e);
    return state;
  }

  /// Runs the graph on the golden's input and compares every node.
  void expect_nodes(const nn::Graph& graph) {
    std::vector<std::string> names;
    nn::run(graph, golden_["input"], [&](const nn::Node& node, const Tensor& result) {
      names.push_back(node.name);
      const Tensor& want = golden_["node." + node.name];
      if (result.dtype() == DType::quint8)
        EXPECT_TRUE(test::codes_equal(to_channels_first(result), want)) << node.name;
      else
        EXPECT_TRUE(test::all_close(result, want, 1e-5f, 1e-6f)) << node.name;
    });
    EXPECT_EQ(names, golden_.lines("nodes"));
  }

  Golden golden_;
  StateDict state_;
  nn::LoadedModel loaded_;
  nn::Graph traced_, prepared_;
  QConfigMapping qconfig_ = get_default_qconfig_mapping(GetParam().backend);
};

INSTANTIATE_TEST_SUITE_P(Networks, PyTorchModels,
                         ::testing::Values(Case{"fastai", 10, "qnnpack"}, Case{"fastai", 10, "x86"},
                                           Case{"resnet18", 10, "qnnpack"}, Case{"resnet18", 10, "x86"},
                                           Case{"resnet18", 1000, "x86"}),
                         [](const auto& info) { return info.param.name(); });

TEST_P(PyTorchModels, FloatLogits) {  // within 1e-4 of the largest logit, before and after folding
  const Tensor& want = golden_["float_logits"];
  float largest = 0;
  for (int64_t i = 0; i < want.numel(); ++i) largest = std::max(largest, std::fabs(want.data<float>()[i]));
  EXPECT_TRUE(test::all_close(nn::run(traced_, golden_["input"]), want, 0, 1e-4f * largest));
  EXPECT_TRUE(test::all_close(nn::run(prepared_, golden_["input"]), want, 0, 1e-4f * largest));
}

TEST_P(PyTorchModels, ObserversStandWherePyTorchPutsThem) {
  std::vector<std::string> ours;
  for (const ObserverInfo& info : observers(prepared_)) ours.push_back(info.name + " " + info.observes);
  EXPECT_EQ(ours, golden_.lines("observers"));
}

TEST_P(PyTorchModels, EveryNodeOfPyTorchsInt8ModelIsEqual) {
  expect_nodes(graph_from_pytorch(traced_, pytorch_state(), qconfig_.engine(), "test"));
}

TEST_P(PyTorchModels, PrintsAsPyTorch) {
  std::string want;
  for (const std::string& line : golden_.lines("module_tree")) want += (want.empty() ? "" : "\n") + line;
  EXPECT_EQ(nn::modules_to_string(graph_from_pytorch(traced_, pytorch_state(), qconfig_.engine(), "test")), want);
}

TEST_P(PyTorchModels, SavingAndLoadingKeepsEveryBit) {
  const nn::Graph graph = graph_from_pytorch(traced_, pytorch_state(), qconfig_.engine(), "test");
  const SavedModel saved = save_graph(graph, {{"source", "a test"}});
  EXPECT_EQ(recognise(saved.tensors, saved.metadata), FileKind::octet_int8);
  expect_nodes(load_graph(saved, "saved"));
}

TEST_P(PyTorchModels, FirstLayerByHand) {
  const nn::Graph graph = graph_from_pytorch(traced_, pytorch_state(), qconfig_.engine(), "test");
  const HandCheck check = verify_first_layer(graph, test::random_floats({1, 3, 32, 32}, 4)).value();
  EXPECT_EQ(check.total, 64 * 16 * 16);
  EXPECT_EQ(check.equal, check.total);
  EXPECT_EQ(check.by_hand, check.by_layer);
}

TEST_P(PyTorchModels, ExportIsWhatTheReaderTakes) {
  nn::run(prepared_, golden_["input"]);
  const StateDict state = state_dict_for_pytorch(prepared_, qconfig_);
  const std::string path = ::testing::TempDir() + "/octet-export-" + GetParam().name() + ".pth";
  loaders::save_pth(path, state);
  const StateDict read = loaders::load_pth(path);
  std::filesystem::remove(path);
  ASSERT_EQ(read.entries().size(), state.entries().size());
  for (const StateEntry& e : state.entries()) {
    const StateEntry* back = read.find(e.key);
    ASSERT_NE(back, nullptr) << e.key;
    EXPECT_TRUE(test::bits_equal(back->tensor, e.tensor)) << e.key;
    ASSERT_EQ(back->qparams.has_value(), e.qparams.has_value()) << e.key;
    if (!e.qparams) continue;
    EXPECT_EQ(back->qparams->scales, e.qparams->scales) << e.key;
    EXPECT_EQ(back->qparams->axis, e.qparams->axis) << e.key;
  }
  const StateDict theirs = pytorch_state();
  for (const StateEntry& e : theirs.entries()) EXPECT_NE(read.find(e.key), nullptr) << e.key;  // PyTorch's own keys
  const nn::Graph graph = graph_from_pytorch(traced_, read, qconfig_.engine(), "export");
  EXPECT_TRUE(test::bits_equal(nn::run(graph, golden_["input"]), nn::run(convert(prepared_, qconfig_), golden_["input"])));
}

TEST_P(PyTorchModels, MissingAndUnexpectedKeysAreAllListed) {
  StateDict state;
  const StateDict whole = pytorch_state();
  for (const StateEntry& e : whole.entries())
    if (!e.key.ends_with("layer3.1.conv2.scale") && !e.key.ends_with("0.6.1.conv2.scale")) state.add(e);
  state.add({"surprise", Tensor::zeros({1}), {}});
  EXPECT_TRUE(test::fails_with([&] { graph_from_pytorch(traced_, state, qconfig_.engine(), "a.pth"); },
                               {"a.pth", "missing key", "1.conv2.scale'", "unexpected key 'surprise'"}));
}

// PyTorch against itself moves scales when threads or memory format change: the search for the range stops at the first rise of
// the error, which the last bit of an activation can move. Zero points do not move.
TEST_P(PyTorchModels, CalibrationAgrees) {
  const Tensor images = Golden("models/fastai_10_qnnpack")["calibration"];
  nn::run(prepared_, images.slice(0, 5));
  nn::run(prepared_, images.slice(5, 8));
  const auto ours = observers(prepared_);
  const auto scale = golden_.floats("observer_scale");
  int far = 0;
  for (size_t i = 0; i < ours.size(); ++i) {
    const QParams q = ours[i].observer->calculate_qparams();
    EXPECT_EQ(q.zero_point, golden_["observer_zero_point"].data<int32_t>()[i]) << ours[i].name;
    const float difference = std::fabs(q.scale / scale[i] - 1);
    far += difference > 0.003f;
    EXPECT_LT(difference, 0.05f) << ours[i].name;
    EXPECT_NEAR(ours[i].observer->max(), golden_.floats("observer_max")[i], 1e-3f * std::fabs(golden_.floats("observer_max")[i]))
        << ours[i].name;
  }
  EXPECT_LE(far, 3);
}

}  // namespace
}  // namespace octet::quant
