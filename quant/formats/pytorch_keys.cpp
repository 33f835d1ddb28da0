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

/// The child of module `parent` that has a scale and no weight: a QuantStub or a FloatFunctional. Empty if there is none.
std::string functional_below(const StateDict& state, const std::string& parent) {
  constexpr std::string_view kScale = ".scale";
  for (const StateEntry& entry : state.entries()) {
    if (!entry.key.starts_with(parent) || !entry.key.ends_with(kScale)) continue;
    const std::string path = entry.key.substr(0, entry.key.size() - kScale.size());
    const bool is_child = path.size() > parent.size() && path.find('.', parent.size()) == path.npos;
    if (is_child && !find_packed(state, path, kPackedWeights)) return path;
  }
  return "";
}

/// "layer1.0." of a call in the forward of layer1.0, or of its child.
std::string parent_of(const nn::Node& call) {
  if (call.kind == nn::NodeKind::call_function) return call.scope.empty() ? "" : call.scope + ".";
  return call.target.substr(0, call.target.rfind('.') + 1);
}

/// Layers whose int8 module has "scale" and "zero_point" of its own; what others need has keys of the whole model.
bool keeps_scale(const nn::Node& node) {
  if (nn::info(node.op).has_weight) return true;
  const bool is_module = nn::is<nn::op::BatchNorm>(node.op) || nn::is<nn::op::Hardswish>(node.op) ||
                         nn::is<nn::op::LeakyRelu>(node.op) || nn::is<nn::op::LayerNorm>(node.op) ||
                         nn::is<nn::op::GroupNorm>(node.op);
  return is_module && node.kind == nn::NodeKind::call_module && is_quantized(node);
}

}  // namespace

const StateEntry* find_packed(const StateDict& state, const std::string& layer, const std::array<const char*, 3>& endings) {
  for (const char* ending : endings)
    if (const StateEntry* entry = state.find(layer + ending)) return entry;
  return nullptr;
}

bool is_eager(const StateDict& state) {
  const bool is_fx =
      std::ranges::any_of(state.entries(), [](const StateEntry& e) { return e.key.find("_scale_") != e.key.npos; });
  return !is_fx && !functional_below(state, "").empty();
}

QParamKeys eager_qparam_keys(const nn::Graph& prepared, const nn::Node& observer, const StateDict& state) {
  const nn::Node& observed = *observer.inputs[0];
  if (keeps_scale(observed)) return qparam_keys(prepared, observer);
  const bool is_input = observed.kind == nn::NodeKind::placeholder;
  const std::string parent = is_input ? "" : parent_of(observed);
  std::string path = functional_below(state, parent);
  if (path.empty()) path = is_input ? "quant" : parent + "add_relu";
  return {path + ".scale", path + ".zero_point"};
}

QParamKeys qparam_keys(const nn::Graph& prepared, const nn::Node& observer) {
  const nn::Node& observed = *observer.inputs[0];
  if (keeps_scale(observed)) return {observed.target + ".scale", observed.target + ".zero_point"};
  const std::string prefix = prefix_of(prepared, observer), number = std::to_string(number_of(prepared, observer, prefix));
  return {prefix + "_scale_" + number, prefix + "_zero_point_" + number};
}

}  // namespace octet::quant
