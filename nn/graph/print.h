// Graphs as text, in PyTorch's words.
//
//   modules_to_string   the tree of layers, as print(model) shows a GraphModule:
//                       (conv1): QuantizedConvReLU2d(3, 64, kernel_size=(7, 7), ...
//   graph_to_string     the list of calls, as print(model.graph) shows it:
//                       %conv1 : [num_users=1] = call_module[target=conv1](args = (%quantize_per_tensor,), kwargs = {})
#pragma once

#include <string>

#include "nn/graph/graph.h"
#include "nn/graph/ops/text.h"

namespace octet::nn {

/// "QuantizedConvReLU2d(3, 64, kernel_size=(7, 7), stride=(2, 2), scale=0.04036284238100052, zero_point=0, padding=(3, 3))".
std::string describe(const Node& node);

/// The class alone: "QuantizedConvReLU2d".
std::string type_name(const Node& node);

std::string modules_to_string(const Graph& graph);
std::string graph_to_string(const Graph& graph);

}  // namespace octet::nn
