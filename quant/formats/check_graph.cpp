#include "quant/formats/check_graph.h"

#include <algorithm>

#include "quant/passes/output_qparams.h"

namespace octet::quant {
namespace {

namespace op = nn::op;
using ops::int8::QParams;

std::string text_of(const std::optional<QParams>& q) {
  return q ? str("scale ", q->scale, " and zero point ", q->zero_point) : "float values";
}

/// What an op takes: how many inputs, and of each what it was made for.
struct Wanted {
  size_t count = 1;
  bool quantized = false;          // codes, of any scale if none is named below
  std::vector<QParams> qparams{};  // of each input
};
struct WantedBy {
  const nn::Node& node;
  Wanted operator()(const op::Placeholder&) const { return {.count = 0}; }
  Wanted operator()(const op::Add&) const { return {.count = 2}; }
  Wanted operator()(const op::Cat&) const { return {.count = std::max<size_t>(1, node.inputs.size())}; }
  Wanted operator()(const op::Dequantize& o) const { return codes({o.input}); }
  Wanted operator()(const op::QuantizedConv2d& o) const { return codes({o.layer->params().input}); }
  Wanted operator()(const op::QuantizedLinear& o) const { return codes({o.layer->params().input}); }
  Wanted operator()(const op::QuantizedAdd& o) const { return codes({o.params.a, o.params.b}); }
  Wanted operator()(const op::QuantizedAdaptiveAvgPool2d& o) const { return codes({o.qparams}); }
  Wanted operator()(const op::QuantizedCat& o) const { return codes(o.inputs); }
  Wanted operator()(const op::QuantizedMaxPool2d&) const { return {.quantized = true}; }
  Wanted operator()(const op::QuantizedFlatten&) const { return {.quantized = true}; }
  Wanted operator()(const op::QuantizedDropout&) const { return {.quantized = true}; }
  Wanted operator()(const op::QuantizedRelu&) const { return {.quantized = true}; }
  Wanted operator()(const op::QuantizedRelu6&) const { return {.quantized = true}; }
  Wanted operator()(const auto&) const { return {}; }  // float, one input

  static Wanted codes(std::vector<QParams> qparams) {
    return {.count = qparams.size(), .quantized = true, .qparams = std::move(qparams)};
  }
};

void check_inputs(const nn::Node& node) {
  const Wanted wanted = std::visit(WantedBy{node}, node.op);
  OCTET_CHECK(node.inputs.size() == wanted.count, "node '", node.name, "' has ", node.inputs.size(), " inputs, expected ",
              wanted.count);
  for (size_t i = 0; i < wanted.count; ++i) {
    const std::optional<QParams> given = output_qparams(*node.inputs[i]);
    OCTET_CHECK(given.has_value() == wanted.quantized, "node '", node.name, "': its input '", node.inputs[i]->name, "' has ",
                text_of(given), ", expected ", wanted.quantized ? "codes" : "float values");
    OCTET_CHECK(wanted.qparams.empty() || given == wanted.qparams[i], "node '", node.name, "' was made for ",
                text_of(wanted.qparams[i]), ", its input '", node.inputs[i]->name, "' has ", text_of(given));
  }
}

}  // namespace

void check_graph(const nn::Graph& graph) {
  OCTET_CHECK(!graph.nodes().empty(), "the graph has no nodes");
  const nn::Node &first = graph.nodes().front(), &last = graph.nodes().back();
  for (const nn::Node& node : graph.nodes()) {
    const bool begins = nn::is<op::Placeholder>(node.op), ends = nn::is<op::Output>(node.op);
    OCTET_CHECK((node.kind == nn::NodeKind::placeholder) == begins && (node.kind == nn::NodeKind::output) == ends, "node '",
                node.name, "': its kind and its op do not belong together");
    OCTET_CHECK(begins == (&node == &first) && ends == (&node == &last), "node '", node.name,
                "': expected one placeholder, at the beginning, and one output, at the end");
    check_inputs(node);
  }
}

}  // namespace octet::quant
