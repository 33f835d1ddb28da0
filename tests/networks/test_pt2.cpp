// Networks of torch.export: the graph that comes of a .pt2 file, its floats and, with PyTorch's own int8 state_dict, its codes; and
// files that are damaged or hold what octet lacks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "loaders/checkpoints/pth.h"
#include "loaders/files/zip.h"
#include "networks/pt2/to_graph.h"
#include "nn/graph/executor.h"
#include "nn/graph/print.h"
#include "quant/formats/from_pytorch.h"
#include "quant/formats/qat_checkpoint.h"
#include "quant/passes/convert.h"
#include "tests/loaders/builders.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace octet::networks {
namespace {

using test::fails_with;
using test::Golden;

Program program(const std::string& name) { return read_pt2(loaders::File(test::golden_path("pt2/" + name + ".pt2"))); }

void write_file(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string bytes_of(const std::string& name) {
  const loaders::File file(test::golden_path("pt2/" + name + ".pt2"));
  return std::string(loaders::as_text(file.bytes()));
}

TEST(Pt2, ProgramSaysWhatTheFileHas) {
  const Program p = program("branches");
  EXPECT_EQ(p.inputs, std::vector<std::string>{"x"});
  EXPECT_EQ(p.outputs.size(), 1u);
  EXPECT_EQ(p.shapes.at("x"), (Shape{-1, 3, 16, 16}));
  EXPECT_EQ(p.tensors.at("p_stem_0_weight").shape(), (Shape{4, 3, 3, 3}));
  const Call& call = p.calls.at(0);
  EXPECT_EQ(call.target, "aten.conv2d.default");
  EXPECT_EQ(call.module, "stem.0");
  EXPECT_TRUE(call.is_layer);
  EXPECT_EQ(call.source.substr(0, 14), "golden_pt2.py:") << call.source;
}

TEST(Pt2, NamesAreThoseOfTorchFx) {
  const nn::Graph graph = to_graph(program("branches"));
  std::vector<std::string> names;
  for (const nn::Node& node : graph.nodes()) names.push_back(node.name);
  for (const char* name : {"x", "stem_0", "stem_2", "block_conv1", "block_relu", "add", "block_relu_1", "relu", "cat", "pool",
                           "adaptive_avg_pool2d", "flatten", "drop", "head_0", "head_1", "head_3", "output"})
    EXPECT_TRUE(std::ranges::find(names, name) != names.end()) << name;
  const auto add = std::ranges::find(graph.nodes(), std::string("add"), &nn::Node::name);
  EXPECT_EQ(add->scope, "block");
  EXPECT_EQ(add->kind, nn::NodeKind::call_function);
}

class EachNetwork : public testing::TestWithParam<const char*> {};

TEST_P(EachNetwork, FloatsArePyTorchs) {
  const nn::Graph graph = to_graph(program(GetParam()));
  const Golden golden(std::string("pt2/") + GetParam() + "_qnnpack");
  const Tensor y = nn::run(graph, golden["x"]), &expected = golden["float_output"];
  ASSERT_EQ(y.shape(), expected.shape());
  float largest = 0, difference = 0;
  for (int64_t i = 0; i < y.numel(); ++i) {
    largest = std::max(largest, std::abs(expected.data<float>()[i]));
    difference = std::max(difference, std::abs(y.data<float>()[i] - expected.data<float>()[i]));
  }
  EXPECT_LE(difference, 1e-5f * largest);
}

TEST_P(EachNetwork, CodesArePyTorchsOnBothEngines) {
  const nn::Graph network = to_graph(program(GetParam()));
  for (const auto& [engine, name] : {std::pair(ops::int8::Engine::qnnpack, "qnnpack"), {ops::int8::Engine::fbgemm, "fbgemm"}}) {
    const std::string base = str("pt2/", GetParam(), "_", name);
    const Golden golden(base);
    const StateDict state = loaders::load_pth(test::golden_path(base + ".pth"));
    const nn::Graph int8 = quant::graph_from_pytorch(network, state, engine, base);
    std::map<std::string, Tensor> mine;
    nn::run(int8, golden["x"], [&](const nn::Node& node, const Tensor& result) { mine[node.name] = result; });
    for (const std::string& node : golden.lines("nodes")) {
      ASSERT_TRUE(mine.contains(node)) << base << ": no node " << node << "\n" << nn::graph_to_string(int8);
      const Tensor& expected = golden["node." + node];
      ASSERT_EQ(mine[node].nbytes(), expected.nbytes()) << base << ": " << node;
      if (node == "silu" || node.starts_with("gelu"))  // PyTorch's exp and erf are those of float vectors
        EXPECT_TRUE(test::all_close(mine[node], expected, 5e-7f, 1e-7f));
      else
        EXPECT_EQ(std::memcmp(mine[node].bytes(), expected.bytes(), expected.nbytes()), 0) << base << ": " << node;
    }
  }
}

/// Quantization-aware training in PyTorch, converted here; with batch norm inside convolutions and a linear layer.
TEST(Pt2, CodesOfTrainedQuantizationAreConvertFxs) {
  for (const std::string name : {"branches", "shuffles"}) {
    const Golden golden("pt2/" + name + "_qat");
    const quant::TrainedQat qat =
        quant::load_qat(to_graph(program(name)), loaders::load_pth(test::golden_path("pt2/" + name + "_qat.pth")), name);
    EXPECT_EQ(qat.mapping.backend(), "qnnpack");
    std::map<std::string, Tensor> mine;
    nn::run(quant::convert(qat.folded, qat.mapping), golden["x"],
            [&](const nn::Node& node, const Tensor& result) { mine[node.name] = result; });
    for (const std::string& node : golden.lines("nodes")) {
      ASSERT_TRUE(mine.contains(node)) << name << ": no node " << node;
      const Tensor& expected = golden["node." + node];
      if (node.starts_with("gelu"))
        EXPECT_TRUE(test::all_close(mine[node], expected, 5e-7f, 1e-7f));
      else
        EXPECT_EQ(std::memcmp(mine[node].bytes(), expected.bytes(), expected.nbytes()), 0) << name << ": " << node;
    }
  }
}

std::map<std::string, Tensor> nodes_of(const nn::Graph& graph, const nn::Batch& x, std::vector<Tensor>& results) {
  std::map<std::string, Tensor> nodes;
  results = nn::run_all(graph, x, [&](const nn::Node& node, const Tensor& result) { nodes[node.name] = result; });
  return nodes;
}

/// Two inputs, four results; transposed convolutions, interpolate, pads, a group norm.
TEST(Pt2, NetworksThatGiveImages) {
  const nn::Graph network = to_graph(program("segments"));
  EXPECT_EQ(network.placeholders().size(), 2u);
  for (const auto& [engine, name] : {std::pair(ops::int8::Engine::qnnpack, "qnnpack"), {ops::int8::Engine::fbgemm, "fbgemm"}}) {
    const std::string base = str("pt2/segments_", name);
    const Golden golden(base);
    const nn::Batch x(std::vector<Tensor>{golden["x"], golden["y"]});
    const std::vector<Tensor> floats = nn::run_all(network, x);
    ASSERT_EQ(floats.size(), 4u);
    for (size_t i = 0; i < 4; ++i) EXPECT_TRUE(test::all_close(floats[i], golden[str("result.", i)], 1e-5f, 1e-5f)) << i;
    const nn::Graph int8 = quant::graph_from_pytorch(network, loaders::load_pth(test::golden_path(base + ".pth")), engine, base);
    std::vector<Tensor> results;
    std::map<std::string, Tensor> mine = nodes_of(int8, x, results);
    for (const std::string& node : golden.lines("nodes")) {
      const Tensor& expected = golden["node." + node];
      ASSERT_TRUE(mine.contains(node)) << base << ": no node " << node << "\n" << nn::graph_to_string(int8);
      ASSERT_EQ(mine[node].nbytes(), expected.nbytes()) << base << ": " << node;
      if (expected.dtype() == DType::f32)
        EXPECT_TRUE(test::all_close(mine[node], expected, 1e-5f, 1e-5f)) << base << ": " << node;
      else
        EXPECT_EQ(std::memcmp(mine[node].bytes(), expected.bytes(), expected.nbytes()), 0) << base << ": " << node;
    }
  }
}

/// Other norms, learned slopes, constants of the code.
TEST(Pt2, NormsAndConstants) {
  const Golden golden("pt2/norms");
  EXPECT_TRUE(test::all_close(nn::run(to_graph(program("norms")), golden["x"]), golden["float_output"], 1e-5f, 1e-6f));
}

INSTANTIATE_TEST_SUITE_P(Pt2, EachNetwork, testing::Values("branches", "views", "gates", "shuffles", "perceptron", "shifts"));

/// These bytes as a file.
class Damaged {
 public:
  explicit Damaged(std::string bytes) { write_file(folder_ / "net.pt2", bytes); }
  testing::AssertionResult is_refused(const std::vector<std::string>& words) const {
    return fails_with([&] { to_graph(read_pt2(loaders::File(folder_ / "net.pt2"))); }, words);
  }

 private:
  test::TemporaryFolder folder_;
};

TEST(Pt2, CutFilesAreRefused) {
  const std::string whole = bytes_of("views");
  for (size_t size : {whole.size() - 1, whole.size() / 2, size_t{100}})
    EXPECT_TRUE(Damaged(whole.substr(0, size)).is_refused({"net.pt2: "})) << size;
}

TEST(Pt2, EachChangedByteIsRefusedOrHarmless) {
  const std::string whole = bytes_of("views");
  for (size_t at = 0; at < whole.size(); at += 97) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x41);
    test::TemporaryFolder folder;
    write_file(folder / "net.pt2", bytes);
    try {
      to_graph(read_pt2(loaders::File(folder / "net.pt2")));
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
  }
}

/// The file with texts of one record replaced, as an archive that is right otherwise.
class Edited {
 public:
  Edited(const std::string& record, const std::vector<std::pair<std::string, std::string>>& texts) {
    const loaders::File file(test::golden_path("pt2/views.pt2"));
    const loaders::Zip zip(file.bytes(), file.name());
    std::vector<loaders::build::Member> members;
    for (const loaders::ZipEntry& entry : zip.entries()) {
      std::string data(loaders::as_text(zip.read(entry).bytes));
      if (entry.name.ends_with(record))
        for (const auto& [from, to] : texts) {
          const size_t at = data.find(from);
          EXPECT_NE(at, data.npos) << from;
          data.replace(at, from.size(), to);
        }
      members.push_back({entry.name, data});
    }
    bytes_ = loaders::build::zip(members);
  }
  testing::AssertionResult is_refused(const std::vector<std::string>& words) const { return Damaged(bytes_).is_refused(words); }

 private:
  std::string bytes_;
};

TEST(Pt2, ArchivesThatAreNotAsPyTorchWritesThem) {
  const auto model = [](const std::string& from, const std::string& to) { return Edited("models/model.json", {{from, to}}); };
  EXPECT_TRUE(Edited("byteorder", {{"little", "big"}}).is_refused({"net.pt2: byte order 'big', expected 'little'"}));
  EXPECT_TRUE(Edited("archive_format", {{"pt2", "pt3"}}).is_refused({"archive_format is 'pt3', expected 'pt2'"}));
  EXPECT_TRUE(model("\"major\": 8", "\"major\": 9").is_refused({"version 9 of torch.export's schema", "expected 8"}));
  EXPECT_TRUE(model("\"target\"", "\"targot\"").is_refused({"models/model.json: not as PyTorch writes it", "target"}));
  EXPECT_TRUE(model("{\"parameter\"", "{}, {\"parameter\"").is_refused({"expected an object of one member"}));
  EXPECT_TRUE(model("{", std::string(100, '[')).is_refused({"nested more than 32 deep"}));
  EXPECT_TRUE(model("\"parameter_name\": \"conv.weight\"", "\"parameter_name\": \"conv.weigth\"")
                  .is_refused({"the tensor 'conv.weigth' is missing"}));
  const auto config = [](const std::string& from, const std::string& to) {
    return Edited("model_weights_config.json", {{from, to}});
  };
  EXPECT_TRUE(config("\"use_pickle\": false", "\"use_pickle\": true")
                  .is_refused({"tensor 'conv.weight': is pickled, expected plain bytes"}));
  EXPECT_TRUE(config("\"path_name\": \"weight_0\"", "\"path_name\": \"weight_9\"").is_refused({"weight_9 is missing"}));
  EXPECT_TRUE(config("\"dtype\": 7", "\"dtype\": 10").is_refused({"type 10 of PyTorch's ScalarType"}));
  EXPECT_TRUE(config("{\"as_int\": 5}", "{\"as_int\": 500}").is_refused({"net.pt2: tensor 'conv."}));
}

TEST(Pt2, WeightsThatAreNotFiniteAreRefused) {
  const loaders::File file(test::golden_path("pt2/views.pt2"));
  const loaders::Zip zip(file.bytes(), file.name());
  const std::string first(loaders::as_text(zip.read(*zip.find("views/data/weights/weight_0")).bytes).substr(0, 4));
  EXPECT_TRUE(Edited("weights/weight_0", {{first, std::string("\0\0\xc0\x7f", 4)}}).is_refused({"'conv.weight' has 1 NaN"}));
}

/// A program of one call on a value x [N, 4, 8, 8] or of another shape.
Program one_call(const std::string& target, std::map<std::string, Argument> arguments, const Shape& shape = {-1, 4, 8, 8}) {
  Program p{.file = "net.pt2", .inputs = {"x"}, .outputs = {"y"}, .shapes = {{"x", shape}, {"y", shape}}};
  p.tensors["w"] = Tensor::zeros({4, 4, 3, 3});
  arguments.emplace("self", ValueName{"x"});
  p.calls.push_back(
      {.target = target, .arguments = arguments, .outputs = {"y"}, .module = "layer1.0", .source = "net.py:7: f(x)"});
  return p;
}

TEST(Pt2, WhatOctetLacksIsNamedAllAtOnce) {
  Program p = one_call("aten.erfinv.default", {});
  p.calls.push_back(p.calls[0]);
  p.calls.push_back({.target = "aten.frac_.default", .arguments = {}, .outputs = {"z"}, .module = "head", .source = ""});
  EXPECT_TRUE(
      fails_with([&] { to_graph(p); }, {"net.pt2: octet lacks aten.erfinv.default, 2 calls, first in 'layer1.0' (net.py:7: f(x))",
                                        "; aten.frac_.default, 1 call in 'head'"}));
}

TEST(Pt2, OptionsThatOctetLacksAreNamedWithTheirPlace) {
  const auto refused = [](const Program& p, const char* words) {
    return fails_with([&] { to_graph(p); }, {"net.pt2: aten.", "of 'layer1.0' (net.py:7: f(x)): ", words});
  };
  const Argument x = ValueName{"x"}, w = ValueName{"w"}, two = std::vector<Size>{{2}, {2}};
  EXPECT_TRUE(refused(one_call("aten.softmax.int", {{"dim", int64_t{2}}}), "softmax of [-1, 4, 8, 8] over dimension 2"));
  EXPECT_TRUE(refused(one_call("aten.pad.default", {{"pad", two}, {"mode", std::string("circular")}}), "mode 'circular'"));
  EXPECT_TRUE(refused(one_call("aten.div.Tensor", {{"other", x}}), "expected a value divided by a constant"));
  EXPECT_TRUE(refused(one_call("aten.add.Tensor", {{"other", w}}), "a constant ["));
  EXPECT_TRUE(refused(one_call("aten.conv2d.default", {{"input", x}, {"weight", x}}), "'weight' is computed"));
  EXPECT_TRUE(refused(one_call("aten.avg_pool2d.default", {{"kernel_size", two}, {"divisor_override", int64_t{-1}}}),
                      "divisor_override -1"));
  EXPECT_TRUE(refused(one_call("aten.mean.dim", {{"dim", std::vector<Size>{{1}}}}), "the mean of [-1, 4, 8, 8]"));
  EXPECT_TRUE(refused(one_call("aten.hardtanh.default", {{"min_val", 2.0}}), "hardtanh from 2 to 1"));
  EXPECT_TRUE(refused(one_call("aten.gelu.default", {{"approximate", std::string("fast")}}), "approximate 'fast'"));
  EXPECT_TRUE(refused(one_call("aten.transpose.int", {{"dim0", int64_t{2}}, {"dim1", int64_t{3}}}), "in the order [0, 1, 3, 2]"));
  EXPECT_TRUE(refused(one_call("aten.transpose.int", {{"dim0", int64_t{4}}}), "dimension 4 of 4"));
  EXPECT_TRUE(refused(one_call("aten.slice.Tensor", {{"dim", int64_t{2}}}), "along dimension 2"));
  EXPECT_TRUE(refused(one_call("aten.slice.Tensor", {{"dim", int64_t{1}}, {"step", int64_t{2}}}), "every 2th channel"));
  EXPECT_TRUE(refused(one_call("aten.slice.Tensor", {{"dim", int64_t{1}}, {"start", int64_t{4}}}), "nothing is left"));
  EXPECT_TRUE(refused(one_call("aten.split_with_sizes.default", {{"split_sizes", two}, {"dim", int64_t{1}}}), "gives 2 parts"));
  EXPECT_TRUE(
      refused(one_call("aten.split.Tensor", {{"split_size", int64_t{1}}, {"dim", int64_t{1}}}, {-1, int64_t{1} << 40, 8, 8}),
              "at most 4096 parts"));
  EXPECT_TRUE(refused(one_call("aten.chunk.default", {{"chunks", int64_t{0}}, {"dim", int64_t{1}}}), "0 chunks"));
  EXPECT_TRUE(refused(one_call("aten.dropout.default", {{"input", x}, {"train", true}}), "model.eval()"));
  EXPECT_TRUE(refused(one_call("aten.cat.default", {{"tensors", std::vector<ValueName>{{"x"}, {"x"}}}, {"dim", int64_t{2}}}),
                      "along dimension 2"));
  EXPECT_TRUE(refused(one_call("aten.add.Tensor", {{"other", x}, {"alpha", 2.0}}), "alpha 2"));
  Program turned = one_call("aten.view.default", {{"size", two}});
  turned.shapes["y"] = {-1, 8, 4, 8};
  EXPECT_TRUE(refused(turned, "from [-1, 4, 8, 8] to [-1, 8, 4, 8]"));
}

// x.relu_() changes x: who reads x afterwards reads the new value; who reads a view of the old one is refused.
TEST(Pt2, OperationsInPlaceChangeTheirInput) {
  Program p = one_call("aten.relu_.default", {});
  p.calls.push_back({.target = "aten.sigmoid.default", .arguments = {{"self", ValueName{"x"}}}, .outputs = {"z"}});
  p.outputs = {"z"};
  const nn::Graph graph = to_graph(p);
  EXPECT_EQ(std::ranges::find(graph.nodes(), std::string("sigmoid"), &nn::Node::name)->inputs[0]->name, "relu");

  p.calls.insert(p.calls.begin(), {.target = "aten.dropout.default", .arguments = {{"input", ValueName{"x"}}}, .outputs = {"v"}});
  p.calls.back().arguments["self"] = ValueName{"v"};
  EXPECT_TRUE(fails_with([&] { to_graph(p); }, {"a view of a value that was overwritten"}));
}

TEST(Pt2, NetworksWithoutResultsAreRefused) {
  Program p = one_call("aten.relu.default", {});
  p.outputs.clear();
  EXPECT_TRUE(fails_with([&] { to_graph(p); }, {"net.pt2: a network of 1 inputs and 0 outputs, expected at least one of each"}));
}

}  // namespace
}  // namespace octet::networks
