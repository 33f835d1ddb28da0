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

/// One run that goes over a graph's nodes in several steps.
class Execution {
 public:
  using Position = std::list<Node>::const_iterator;

  explicit Execution(const Graph& graph);

  /// The result of a node that has run elsewhere.
  void set(const Node& node, Tensor value) { values_[&node] = std::move(value); }

  /// Nodes [first, last), after those before them; x: of the placeholder. The result of the last one.
  Tensor run(Position first, Position last, const Tensor& x, const NodeCallback& on_node = {});

 private:
  const Graph& graph_;
  std::unordered_map<const Node*, int> uses_;  // still to come
  std::unordered_map<const Node*, Tensor> values_;
};

/// One node by itself, on the values of its inputs.
Tensor run_node(const Node& node, std::span<const Tensor> inputs);

}  // namespace octet::nn
