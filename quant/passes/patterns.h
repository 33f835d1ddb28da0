// Which calls have an int8 form, and how they treat scales: the part of PyTorch's backend_config that these networks need.
// Used by insert_observers and convert, so that both agree. (The lesson is quant/passes/passes.md.) Source:
// torch/ao/quantization/backend_config/_common_operator_config_utils.py.
#pragma once

#include "nn/graph/graph.h"
#include "quant/observers/observer.h"

namespace octet::quant {

/// The observer that a node of a prepared graph calls, or null for any other node.
inline std::shared_ptr<Observer> observer_of(const nn::Node& node) {
  const auto* call = std::get_if<nn::op::Function>(&node.op);
  return call ? std::dynamic_pointer_cast<Observer>(call->function) : nullptr;
}

/// What the observer that this node calls has chosen. Throws Error, naming it, when it has seen nothing.
inline QParams calibrated_qparams(const nn::Node& node) {
  try {
    return observer_of(node)->calculate_qparams();
  } catch (const Error& error) {
    fail("observer '", node.name, "' of '", node.inputs[0]->name, "': ", error.what());
  }
}

/// Ops whose output keeps its input's scale and zero point (cat: its first input's).
inline bool shares_qparams(const nn::Op& op) {
  using namespace nn::op;
  return nn::is<Relu>(op) || nn::is<Relu6>(op) || nn::is<MaxPool2d>(op) || nn::is<AdaptiveAvgPool2d>(op) || nn::is<Flatten>(op) ||
         nn::is<Dropout>(op) || nn::is<Cat>(op);
}

/// Those also share their input's observer. Dropout has one of its own in PyTorch, whose answer convert_fx does not use.
inline bool shares_observer(const nn::Op& op) { return shares_qparams(op) && !nn::is<nn::op::Dropout>(op); }

inline bool has_int8_form(const nn::Op& op) {
  using namespace nn::op;
  return nn::is<Conv2d>(op) || nn::is<Linear>(op) || nn::is<Add>(op) || shares_qparams(op);
}

/// Those without: they stay between a dequantize and a quantize.
inline bool is_float_only(const nn::Op& op) { return nn::is<nn::op::BatchNorm>(op) || nn::is<nn::op::AdaptiveMaxPool2d>(op); }

/// Is this call to be quantized?
inline bool is_quantized(const nn::Node& node) { return has_int8_form(node.op) && !node.keep_float; }

/// The relu that belongs to an addition (its only user), or null: add and relu are quantized as one, or stay float as one.
inline nn::Node* relu_of_add(nn::Graph& graph, const nn::Node& node) {
  if (!nn::is<nn::op::Add>(node.op)) return nullptr;
  const auto users = graph.users(&node);
  return users.size() == 1 && nn::is<nn::op::Relu>(users[0]->op) ? users[0] : nullptr;
}

/// The addition that a relu belongs to, or null.
inline nn::Node* add_of_relu(nn::Graph& graph, const nn::Node& node) {
  if (!nn::is<nn::op::Relu>(node.op)) return nullptr;
  nn::Node* add = node.inputs.at(0);
  return relu_of_add(graph, *add) == &node ? add : nullptr;
}

}  // namespace octet::quant
