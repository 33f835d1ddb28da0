// insert_observers: puts an observer behind every value that will be quantized, named and ordered as PyTorch's prepared graph has
// them. PyTorch counterpart: torch/ao/quantization/fx/prepare.py, insert_observers_for_model.
//
//   for each call with an int8 form, in order: first an observer for every input that has none (the model's input, a float op's
//   result), then one for its output. Pools, relu, cat and flatten share their input's observer object: it then sees both
//   tensors. cat makes all its inputs share the first one's. An addition that stays float keeps the relu behind it in float:
//     a ─┐
//     b ─┴─ add (float) ─ relu (float) ─ [n]     [n] is there unless the relu's own QConfig is None
// (The lesson is quant/passes/passes.md.)
#pragma once

#include <functional>

#include "nn/graph/graph.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace octet::quant {

/// What is inserted: an observer, or fake quantization for training (quant/qat/prepare_qat.h).
using MakeFunction = std::function<std::shared_ptr<nn::TensorFunction>(const ObserverChoice&)>;

/// The observer nodes are called activation_post_process_0, _1, ... Calls whose QConfig is None are kept in float (patterns.h).
void insert_observers(nn::Graph& graph, const QConfigMapping& mapping, const MakeFunction& make);

struct ObserverInfo {
  std::string name;      // "activation_post_process_3"
  std::string observes;  // the observed node's name
  std::shared_ptr<Observer> observer;
};
/// All observers of a prepared graph, in graph order.
std::vector<ObserverInfo> observers(const nn::Graph& prepared);

}  // namespace octet::quant
