// Which calls have an int8 form, which belong together, and what passes note about them: insert_observers, fake_quantize and
// convert ask here, so that they agree. Each op says its part on its page (nn/graph/ops/). PyTorch counterpart: backend_config,
// torch/ao/quantization/backend_config/_common_operator_config_utils.py. (The lesson is quant/passes/passes.md.)
#pragma once

#include "nn/graph/graph.h"
#include "nn/graph/ops/function.h"
#include "quant/observers/observer.h"
#include "tensor/text.h"

namespace octet::quant {

/// The observer that a node of a prepared graph calls, or null for any other node.
inline std::shared_ptr<Observer> observer_of(const nn::Node& node) {
  const auto* call = nn::get_if<nn::op::Function>(node.op);
  return call ? std::dynamic_pointer_cast<Observer>(call->function) : nullptr;
}

/// What the observer that this node calls has chosen. Throws Error, naming it, when it has seen nothing.
inline QParams calibrated_qparams(const nn::Node& node) {
  try {
    return observer_of(node)->calculate_qparams();
  } catch (const Error& error) {
    fail("observer ", quoted(node.name), " of '", node.inputs[0]->name, "': ", error.what());
  }
}

bool has_int8_form(const nn::Op& op);

/// The same of a call as it was written: FX knows torch.flatten(x, 1), and not x.flatten(1).
inline bool has_int8_form(const nn::Node& node) { return node.quantizable && has_int8_form(node.op); }

/// Ops whose output keeps its input's scale and zero point (cat: its first input's).
inline bool shares_qparams(const nn::Op& op) { return has_int8_form(op) && nn::info(op).scale == nn::op::Scale::of_input; }

/// Layers and functions without: they stay between a dequantize and a quantize.
inline bool is_float_only(const nn::Op& op) {
  const nn::op::Info& info = nn::info(op);
  const bool is_call = info.in_files && !nn::is<nn::op::Placeholder>(op) && !nn::is<nn::op::Output>(op);
  return is_call && info.takes == nn::op::Values::floats && info.gives == nn::op::Values::floats && !has_int8_form(op);
}

/// What conversion knows of a node of a prepared graph, as notes in Node::meta.
namespace meta {
constexpr const char* kKeepFloat = "keep_float";  // not to be quantized
constexpr const char* kObserver = "observer";     // of a quantized node: the observer that chose its output's scale
}  // namespace meta

inline void keep_in_float(nn::Node& node, bool keep) {
  if (keep)
    node.meta[meta::kKeepFloat] = "";
  else
    node.meta.erase(meta::kKeepFloat);
}
inline bool is_kept_in_float(const nn::Node& node) { return node.meta.contains(meta::kKeepFloat); }

/// The name of the observer that chose the scale of this node of an int8 graph, or "".
inline std::string chosen_by(const nn::Node& node) {
  const auto it = node.meta.find(meta::kObserver);
  return it == node.meta.end() ? "" : it->second;
}

/// Is this call to be quantized?
inline bool is_quantized(const nn::Node& node) { return has_int8_form(node) && !is_kept_in_float(node); }

/// The relu that belongs to a call such as an addition (its only user), or null: both are quantized as one, or stay float as one.
inline nn::Node* relu_of(nn::Graph& graph, const nn::Node& node) {
  if (!nn::info(node.op).takes_relu || !has_int8_form(node)) return nullptr;
  const auto users = graph.users(&node);
  return users.size() == 1 && nn::is<nn::op::Relu>(users[0]->op) && users[0]->fusable ? users[0] : nullptr;
}

/// The call that a relu belongs to, or null.
inline nn::Node* call_of_relu(nn::Graph& graph, const nn::Node& node) {
  if (!nn::is<nn::op::Relu>(node.op)) return nullptr;
  nn::Node* call = node.inputs.at(0);
  return relu_of(graph, *call) == &node ? call : nullptr;
}

}  // namespace octet::quant
