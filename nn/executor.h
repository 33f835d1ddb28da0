// The executor: runs a graph of any stage (float, observed, fake-quantized, int8) node by node, and lets a value go after its
// last use. PyTorch counterpart: torch.fx.Interpreter.
#pragma once

#include <functional>
#include <span>

#include "nn/graph.h"

namespace octet::nn {

/// Called with every node that computed something and its result (quint8 images as [N, H, W, C]), on the graph's device.
using NodeCallback = std::function<void(const Node& node, const Tensor& result)>;

/// x float32 [N, 3, H, W] -> the graph's output, on the device of x; it is computed on the graph's. Errors are those of the ops,
/// with the node's name in front.
Tensor run(const Graph& graph, const Tensor& x, const NodeCallback& on_node = {});

/// One node by itself, on the values of its inputs.
Tensor run_node(const Node& node, std::span<const Tensor> inputs);

}  // namespace octet::nn
