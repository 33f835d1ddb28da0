// Passes and conversion on small graphs, without PyTorch.
#include "quant/passes/convert.h"

#include "nn/graph/check_graph.h"
#include "nn/graph/executor.h"
#include "nn/graph/ops/add.h"
#include "nn/graph/ops/function.h"
#include "nn/graph/ops/quantize.h"
#include "nn/graph/passes/fold_batch_norm.h"
#include "nn/graph/passes/fuse_relu.h"
#include "nn/models/resnet.h"
#include "nn/trace.h"
#include "quant/formats/model_file.h"
#include "quant/passes/prepare.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::quant {
namespace {

/// A ResNet18 whose every parameter is random (variances positive).
std::unique_ptr<nn::Module> random_model() {
  auto model = std::make_unique<nn::FastaiResNet18>(10);
  uint64_t seed = 1;
  for (const auto& s : model->state()) {
    if (s.value.tensor().dtype() != DType::f32) continue;
    Tensor t = test::random_floats(s.value.tensor().shape(), seed++);
    const auto fan_in = static_cast<float>(t.numel() / t.size(0));
    for (int64_t i = 0; i < t.numel(); ++i)
      t.data<float>()[i] = t.dim() > 1 ? t.data<float>()[i] * std::sqrt(2 / fan_in) : 1 + 0.2f * std::fabs(t.data<float>()[i]);
    nn::Value(s.value).set(t);
  }
  return model;
}

TEST(FoldBatchNorm, KeepsTheFunction) {
  const auto model = random_model();
  nn::Graph graph = nn::trace(*model, Tensor::zeros({1, 3, 32, 32}));
  const Tensor x = test::random_floats({2, 3, 40, 40}, 9), before = nn::run(graph, x);
  fold_batch_norm(graph);
  fuse_relu(graph);
  int batch_norms = 0, relus = 0;
  for (const nn::Node& node : graph.nodes())
    batch_norms += nn::is<nn::op::BatchNorm>(node.op), relus += nn::is<nn::op::Relu>(node.op);
  EXPECT_EQ(batch_norms, 2);  // the head's, behind no convolution
  EXPECT_EQ(relus, 8);        // behind the additions
  EXPECT_TRUE(test::all_close(nn::run(graph, x), before, 1e-3f, 1e-3f));
}

TEST(Prepare, LeavesTheTracedGraphAlone) {
  const auto model = random_model();
  const nn::Graph traced = nn::trace(*model, Tensor::zeros({1, 3, 32, 32}));
  const size_t nodes = traced.nodes().size();
  const Tensor x = test::random_floats({1, 3, 32, 32}, 9), before = nn::run(traced, x);
  prepare(traced, get_default_qconfig_mapping("x86"));
  EXPECT_EQ(traced.nodes().size(), nodes);
  EXPECT_TRUE(test::bits_equal(nn::run(traced, x), before));
}

TEST(Convert, Int8FollowsFloat) {
  const auto model = random_model();
  const nn::Graph traced = nn::trace(*model, Tensor::zeros({1, 3, 32, 32}));
  const Tensor x = test::random_floats({4, 3, 64, 64}, 9);
  for (const char* backend : {"qnnpack", "x86", "onednn"}) {
    const QConfigMapping qconfig = get_default_qconfig_mapping(backend);
    const nn::Graph prepared = prepare(traced, qconfig);
    nn::run(prepared, x);
    const Tensor want = nn::run(traced, x), got = nn::run(convert(prepared, qconfig), x);
    double error = 0, power = 0;
    for (int64_t i = 0; i < want.numel(); ++i) {
      error += std::pow(got.data<float>()[i] - want.data<float>()[i], 2);
      power += std::pow(want.data<float>()[i], 2);
    }
    EXPECT_LT(error, 0.02 * power) << backend;  // SQNR above 17 dB after 21 quantized layers
  }
}

TEST(Convert, NeedsCalibration) {
  const auto model = random_model();
  const QConfigMapping qconfig = get_default_qconfig_mapping("qnnpack");
  const nn::Graph prepared = prepare(nn::trace(*model, Tensor::zeros({1, 3, 32, 32})), qconfig);
  EXPECT_TRUE(
      test::fails_with([&] { convert(prepared, qconfig); }, {"activation_post_process_0", "calibrate before converting"}));
  EXPECT_TRUE(test::fails_with([] { get_default_qconfig_mapping("tpu"); }, {"'tpu'", "qnnpack, x86, fbgemm, onednn"}));
}

TEST(Calibrate, NanNamesTheObserver) {
  const auto model = random_model();
  const nn::Graph prepared = prepare(nn::trace(*model, Tensor::zeros({1, 3, 32, 32})), get_default_qconfig_mapping("qnnpack"));
  Tensor x = Tensor::zeros({1, 3, 32, 32});
  x.data<float>()[5] = NAN;
  EXPECT_TRUE(test::fails_with([&] { nn::run(prepared, x); }, {"activation_post_process_0", "NaN"}));
}

TEST(ModelFile, RefusesDamage) {
  const auto model = random_model();
  const QConfigMapping qconfig = get_default_qconfig_mapping("qnnpack");
  const nn::Graph prepared = prepare(nn::trace(*model, Tensor::zeros({1, 3, 32, 32})), qconfig);
  nn::run(prepared, test::random_floats({1, 3, 32, 32}, 9));
  const SavedModel saved = save_graph(convert(prepared, qconfig), {});
  const auto with = [&](const std::string& from, const std::string& to) {
    SavedModel damaged = saved;
    std::string& graph = damaged.metadata["graph"];
    const size_t at = graph.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    graph.replace(at, from.size(), to);
    return damaged;
  };
  EXPECT_TRUE(test::fails_with([&] { load_graph(with("[", "{"), "m"); }, {"m: ", "the graph in its metadata: not JSON"}));
  EXPECT_TRUE(test::fails_with([&] { load_graph(with("quantized_conv2d", "conv9d"), "m"); }, {"m: ", "unknown op 'conv9d'"}));
  EXPECT_TRUE(test::fails_with([&] { load_graph(with("\"scale\":", "\"scale\":-"), "m"); }, {"m: ", "scale", "positive"}));
  EXPECT_TRUE(test::fails_with([&] { load_graph(with("\"inputs\":[\"_0_0\"]", "\"inputs\":[\"_9\"]"), "m"); },
                               {"m: ", "'_9'", "not before it"}));
  const auto refused = [&](const char* from, const char* to, const std::vector<std::string>& parts) {
    EXPECT_TRUE(test::fails_with([&] { load_graph(with(from, to), "m"); }, parts)) << to;
  };
  refused("\"zero_point\":", "\"zero_point\":1.5,\"_\":", {"node 'quantize_per_tensor'", "zero_point 1.5", "0..255"});
  refused("\"zero_point\":", "\"zero_point\":4294967301,\"_\":", {"zero_point 4294967301", "0..255"});
  refused("\"scale\":", "\"scale\":true,\"_\":", {"scale true", "number"});
  refused("\"stride\":2", "\"stride\":[1,2,3]", {"stride [1,2,3]", "a number or two"});
  refused("\"padding\":3", "\"padding\":9223372036854775807", {"padding 9223372036854775807", "0..1048576"});
  refused("\"op\":\"placeholder\"", "\"op\":\"relu\"", {"node 'input_1'", "kind", "op"});
  refused("\"kind\":\"output\"", "\"kind\":\"call_function\"", {"node 'output'", "kind", "op"});
  // What a stranger may have written: nothing of it acts on a terminal, or fills it, or the stack.
  refused("\"op\":\"quantize\"", "\"op\":\"evil\\u001b[2J\\nline2\"", {"unknown op 'evil\\x1b[2J\\x0aline2'"});
  refused("\"inputs\":[\"_0_0\"]", "\"inputs\":[\"\\u001b[31m\"]", {"'\\x1b[31m'", "not before it"});
  refused("\"target\":\"0.0\"", "\"target\":\"0\\n0\"", {"node '_0_0' of '0\\x0a0'", "without control characters"});
  refused("\"stride\":2", ("\"stride\":" + std::string(80'000, '[') + std::string(80'000, ']')).c_str(),
          {"nested more than 32 deep"});
  std::string ones = "[0";
  for (int i = 0; i < 5000; ++i) ones += ",0";
  refused("\"stride\":2", ("\"stride\":" + ones + "]").c_str(), {"stride [0,0,0", "...", "a number or two"});
  SavedModel damaged = saved;
  damaged.metadata["engine"] = "e\x1b[31m\nk";
  EXPECT_TRUE(test::fails_with([&] { load_graph(damaged, "m"); }, {"unknown engine 'e\\x1b[31m\\x0ak'"}));
  damaged = saved;
  damaged.metadata["graph"] = "7";
  EXPECT_TRUE(test::fails_with([&] { load_graph(damaged, "m"); }, {"no list of nodes"}));
  damaged = saved;
  damaged.metadata["format"] = "octet-int8-9";
  EXPECT_TRUE(test::fails_with([&] { load_graph(damaged, "m"); }, {"octet-int8-9", "octet-int8-1"}));
  damaged = saved;
  damaged.tensors = {};
  EXPECT_TRUE(test::fails_with([&] { load_graph(damaged, "m"); }, {"missing tensor '_0_0.weight'"}));
}

// The scales on both sides of an edge belong together, and a graph has one beginning and one end.
TEST(CheckGraph, RefusesWhatDoesNotHangTogether) {
  const auto model = random_model();
  const QConfigMapping qconfig = get_default_qconfig_mapping("qnnpack");
  const nn::Graph prepared = prepare(nn::trace(*model, Tensor::zeros({1, 3, 32, 32})), qconfig);
  nn::run(prepared, test::random_floats({1, 3, 32, 32}, 9));
  const nn::Graph good = convert(prepared, qconfig);
  check_graph(good);
  const auto refused = [&](auto&& change, const std::vector<std::string>& parts) {
    nn::Graph graph = good.clone();
    change(graph);
    EXPECT_TRUE(test::fails_with([&] { check_graph(graph); }, parts));
  };
  const auto first = [](nn::Graph& graph, auto is) { return &*std::ranges::find_if(graph.nodes(), is); };
  const auto quantize = [](const nn::Node& n) { return nn::is<nn::op::Quantize>(n.op); };
  const auto dequantize = [](const nn::Node& n) { return nn::is<nn::op::Dequantize>(n.op); };
  const auto add = [](const nn::Node& n) { return nn::is<nn::op::QuantizedAdd>(n.op); };
  refused([&](auto& g) { nn::get<nn::op::Quantize>(first(g, quantize)->op).to.zero_point ^= 1; },
          {"'_0_0' was made for", "zero point", "'quantize_per_tensor'"});
  refused([&](auto& g) { nn::get<nn::op::Dequantize>(first(g, dequantize)->op).from.scale *= 2; }, {"was made for scale"});
  refused([&](auto& g) { nn::get<nn::op::QuantizedAdd>(first(g, add)->op).params.b.scale *= 2; }, {"was made for scale"});
  refused([&](auto& g) { first(g, add)->inputs.pop_back(); }, {"1 inputs, expected 2"});
  refused([&](auto& g) { g.nodes().back().inputs[0] = first(g, add); }, {"node 'output'", "expected float values"});
  refused([&](auto& g) { first(g, quantize)->inputs[0] = first(g, add); }, {"not before it in this graph"});
  refused([&](auto& g) { first(g, add)->inputs[0] = &g.nodes().front(); }, {"has float values, expected codes"});
  refused(
      [&](auto& g) {
        g.append({.name = "more", .kind = nn::NodeKind::output, .op = nn::op::Output{}, .inputs = {first(g, dequantize)}});
      },
      {"one output, at the end"});
}

TEST(SaveGraph, RefusesAFloatGraph) {
  const auto model = random_model();
  EXPECT_TRUE(test::fails_with(
      [&] {
        save_graph(nn::trace(*model, Tensor::zeros({1, 3, 32, 32})), {});
      },
      {"no int8 layer", "convert"}));
}

}  // namespace
}  // namespace octet::quant
