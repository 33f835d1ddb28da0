#include "nn/graph/check_graph.h"

#include <algorithm>

#include "nn/graph/ops.h"
#include "nn/graph/output_qparams.h"

namespace octet::nn {
namespace {

using ops::int8::QParams;

std::string text_of(const std::optional<QParams>& q) {
  return q ? str("scale ", q->scale, " and zero point ", q->zero_point) : "float values";
}

/// The scales that the op was made for, of each input; empty where it takes any.
std::vector<QParams> made_for(const Op& op) {
  return visit(
      [](const auto& o) -> std::vector<QParams> {
        if constexpr (requires { o.made_for(); })
          return o.made_for();
        else
          return {};
      },
      op);
}

size_t wanted_inputs(const Node& node, const std::vector<QParams>& qparams) {
  if (!qparams.empty()) return qparams.size();
  const size_t inputs = info(node.op).inputs;
  return inputs == op::kAnyNumber ? std::max<size_t>(1, node.inputs.size()) : inputs;
}

/// Scale and zero point of each node's codes, in the order of the nodes: found once, where following them back from each node would
/// take time that grows with the square of their number.
class QParamsOf {
 public:
  /// user: who reads it, for the error.
  std::optional<QParams> operator()(const Node* node, const Node& user) const {
    const auto it = known_.find(node);
    OCTET_CHECK(it != known_.end(), "node '", user.name, "' has an input that is not before it in this graph");
    return it->second;
  }
  void add(const Node& node) {
    const op::Info& i = info(node.op);
    const bool keeps = i.takes == op::Values::codes && i.scale == op::Scale::of_input;
    known_[&node] = keeps ? (*this)(node.inputs.at(0), node) : own_qparams(node.op);
  }

 private:
  std::unordered_map<const Node*, std::optional<QParams>> known_;
};

void check_inputs(const Node& node, const QParamsOf& qparams_of) {
  const std::vector<QParams> qparams = made_for(node.op);
  const size_t wanted = wanted_inputs(node, qparams);
  const bool codes = info(node.op).takes == op::Values::codes;
  OCTET_CHECK(node.inputs.size() == wanted, "node '", node.name, "' has ", node.inputs.size(), " inputs, expected ", wanted);
  for (size_t i = 0; i < wanted; ++i) {
    const std::optional<QParams> given = qparams_of(node.inputs[i], node);
    OCTET_CHECK(given.has_value() == codes, "node '", node.name, "': its input '", node.inputs[i]->name, "' has ", text_of(given),
                ", expected ", codes ? "codes" : "float values");
    OCTET_CHECK(qparams.empty() || given == qparams[i], "node '", node.name, "' was made for ", text_of(qparams[i]),
                ", its input '", node.inputs[i]->name, "' has ", text_of(given));
  }
}

}  // namespace

void check_graph(const Graph& graph) {
  OCTET_CHECK(!graph.nodes().empty(), "the graph has no nodes");
  const Node& last = graph.nodes().back();
  QParamsOf qparams_of;
  for (const Node& node : graph.nodes()) {
    const bool begins = is<op::Placeholder>(node.op), ends = is<op::Output>(node.op);
    OCTET_CHECK((node.kind == NodeKind::placeholder) == begins && (node.kind == NodeKind::output) == ends, "node '", node.name,
                "': its kind and its op do not belong together");
    OCTET_CHECK(begins || &node != &graph.nodes().front(), "node '", node.name, "': expected a placeholder at the beginning");
    OCTET_CHECK(ends == (&node == &last), "node '", node.name, "': expected one output, at the end");
    check_inputs(node, qparams_of);
    qparams_of.add(node);
  }
}

}  // namespace octet::nn
