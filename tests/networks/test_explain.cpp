// Every output of every op on codes is what its definition says (quant/explain/), on every engine: networks of tests/golden/golden_pt2.py,
// which have all of them.
#include <gtest/gtest.h>

#include <set>

#include "networks/pt2/to_graph.h"
#include "nn/graph/ops.h"
#include "quant/explain/explain.h"
#include "quant/passes/convert.h"
#include "quant/passes/prepare.h"
#include "tests/support/golden.h"

namespace octet::networks {
namespace {

using test::Golden;

/// Calibrated on the batch that it is checked with.
nn::Graph quantized(const std::string& network, const nn::Batch& batch, const std::string& backend) {
  const quant::QConfigMapping mapping = quant::get_default_qconfig_mapping(backend);
  const loaders::File file(test::golden_path("pt2/" + network + ".pt2"));
  const nn::Graph prepared = quant::prepare(to_graph(read_pt2(file)), mapping);
  nn::run_all(prepared, batch);
  return quant::convert(prepared, mapping);
}

nn::Batch batch_of(const std::string& network) {
  if (network == "norms") return Golden("pt2/norms")["x"];
  const Golden golden("pt2/" + network + "_qnnpack");
  if (network == "segments") return std::vector<Tensor>{golden["x"], golden["y"]};
  return golden["x"];
}

/// Their infos' names: "quantized_conv2d".
template <class... T>
std::set<std::string> all_on_codes(nn::op::List<T...>) {
  std::set<std::string> names;
  ((nn::op::OnCodes<T> ? void(names.insert(T::kInfo.name.value)) : void()), ...);
  return names;
}

constexpr ops::int8::QParams kCodes{0.05f, 120}, kResult{0.04f, 7};

/// Some are in files of ONNX only.
std::vector<nn::Op> functions() {
  using ops::Activation;
  return {nn::op::QuantizedActivation{Activation::silu, kCodes, kResult},
          nn::op::QuantizedActivation{{Activation::leaky_relu, 0.1f}, kCodes, kResult},
          nn::op::QuantizedSigmoid{kCodes},
          nn::op::QuantizedTanh{kCodes},
          nn::op::QuantizedElu{0.7f, kCodes, kResult},
          nn::op::QuantizedLeakyRelu{0.2f, kCodes, kResult},
          nn::op::QuantizedRelu{120}};
}

TEST(Explain, EveryOutputOfEveryOpOnEveryEngine) {
  std::set<std::string> missing = all_on_codes(nn::op::All{});
  for (const char* network : {"branches", "gates", "norms", "perceptron", "segments", "shifts", "shuffles", "views"}) {
    const nn::Batch batch = batch_of(network);
    for (const char* backend : {"qnnpack", "fbgemm", "onednn", "x86_vnni"}) {
      const nn::Graph int8 = quantized(network, batch, backend);
      for (const nn::Node& node : int8.nodes()) missing.erase(nn::info(node.op).name.value);
      int64_t total = 0;
      for (const quant::NodeCheck& check : quant::check_all(int8, batch)) {
        EXPECT_EQ(check.equal, check.total) << network << ", " << backend << ": " << check.name << " " << check.way
                                            << ", the first " << check.by_octet << ", by definition " << check.by_definition;
        total += check.total;
      }
      EXPECT_GT(total, 0) << network;
    }
  }
  for (const nn::Op& op : functions()) missing.erase(nn::info(op).name.value);  // below
  for (const std::string& name : missing) ADD_FAILURE() << name << " is in none of the networks";
}

/// Every code through a function of one value.
TEST(Explain, EachFunctionOfEachCode) {
  for (const nn::Op& op : functions()) {
    nn::Graph graph;
    nn::Node* x = graph.append({.name = "x", .kind = nn::NodeKind::placeholder, .op = nn::op::Placeholder{}});
    nn::Node* codes = graph.append({.name = "codes", .op = nn::op::Quantize{kCodes}, .inputs = {x}});
    nn::Node* y = graph.append({.name = "y", .op = op, .inputs = {codes}});
    graph.append({.name = "output", .kind = nn::NodeKind::output, .op = nn::op::Output{}, .inputs = {y}});
    Tensor values({1, 2, 8, 16});
    for (int64_t i = 0; i < values.numel(); ++i)
      values.data<float>()[i] = kCodes.scale * static_cast<float>(i - kCodes.zero_point);
    for (const quant::NodeCheck& check : quant::check_all(graph, values))
      EXPECT_EQ(check.equal, check.total) << nn::info(op).name.value << ": " << check.name;
  }
}

}  // namespace
}  // namespace octet::networks
