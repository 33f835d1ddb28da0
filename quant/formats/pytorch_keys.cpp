#include "quant/formats/pytorch_keys.h"

#include <algorithm>

#include "quant/passes/patterns.h"

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

/// The layer's path, or that of the module whose forward calls a function: "0_4_0_relu".
std::string module_of(const nn::Node& call) {
  return underscored(call.kind == nn::NodeKind::call_function ? call.scope : call.target);
}

std::string prefix_of(const nn::Graph& prepared, const nn::Node& observer) {
  const nn::Node& observed = *observer.inputs[0];
  if (observed.kind == nn::NodeKind::placeholder) return module_of(consumer_of(prepared, observer)) + "_input";
  return module_of(observed);
}

/// How many observers before this one have its prefix.
int number_of(const nn::Graph& prepared, const nn::Node& observer, const std::string& prefix) {
  int number = 0;
  for (const nn::Node& node : prepared.nodes()) {
    if (node.name == observer.name) break;
    if (observer_of(node)) number += prefix_of(prepared, node) == prefix;
  }
  return number;
}

}  // namespace

QParamKeys qparam_keys(const nn::Graph& prepared, const nn::Node& observer) {
  const nn::Node& observed = *observer.inputs[0];
  if (nn::is<nn::op::Conv2d>(observed.op) || nn::is<nn::op::Linear>(observed.op))
    return {observed.target + ".scale", observed.target + ".zero_point"};
  const std::string prefix = prefix_of(prepared, observer), number = std::to_string(number_of(prepared, observer, prefix));
  return {prefix + "_scale_" + number, prefix + "_zero_point_" + number};
}

}  // namespace octet::quant
