#include "quant/formats/pytorch_keys.h"

#include <algorithm>

namespace octet::quant {
namespace {

std::string underscored(std::string path) {
  std::replace(path.begin(), path.end(), '.', '_');
  return path;
}

/// The first node that uses this one.
const nn::Node& consumer_of(const nn::Graph& graph, const nn::Node& node) {
  for (const nn::Node& n : graph.nodes())
    if (std::any_of(n.inputs.begin(), n.inputs.end(), [&](const nn::Node* input) { return input->name == node.name; })) return n;
  fail("'", node.name, "' has no user");
}

}  // namespace

QParamKeys qparam_keys(const nn::Graph& prepared, const nn::Node& observer) {
  const nn::Node& observed = *observer.inputs[0];
  if (nn::is<nn::op::Conv2d>(observed.op) || nn::is<nn::op::Linear>(observed.op))
    return {observed.target + ".scale", observed.target + ".zero_point"};
  const bool is_function = observed.kind == nn::NodeKind::call_function;
  const std::string prefix = observed.kind == nn::NodeKind::placeholder
                                 ? underscored(consumer_of(prepared, observer).target) + "_input"
                                 : underscored(is_function ? observed.scope : observed.target);
  return {prefix + "_scale_0", prefix + "_zero_point_0"};
}

}  // namespace octet::quant
