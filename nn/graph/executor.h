// The executor: runs a graph of any stage (float, observed, fake-quantized, int8) node by node, and lets a value go after its
// last use. PyTorch counterpart: torch.fx.Interpreter.
#pragma once

#include <functional>
#include <span>

#include "nn/graph/graph.h"

namespace octet::nn {

/// Called with every node that computed something and its result (quint8 images as [N, H, W, C]), on the graph's device.
using NodeCallback = std::function<void(const Node& node, const Tensor& result)>;

/// x float32 [N, 3, H, W] -> the graph's output, on the device of x; it is computed on the graph's. Errors are those of the ops,
/// with the node's name in front.
Tensor run(const Graph& graph, const Tensor& x, const NodeCallback& on_node = {});

/// What a run needs to know of a graph, found once: which values each node reads, and which of them nobody reads later.
class Plan {
 public:
  struct Operand {
    size_t step;  // whose result it is
    bool last_use;
  };
  struct Step {
    const Node* node;
    std::vector<Operand> inputs;
    bool is_read = false;  // by a later node
  };

  /// The graph must live as long as the plan, and stay as it is.
  explicit Plan(const Graph& graph);

  /// In the order of the nodes.
  const std::vector<Step>& steps() const { return steps_; }
  Device device() const { return device_; }

 private:
  std::vector<Step> steps_;
  Device device_;
};

/// One run of a plan, which may go over it in several parts.
class Execution {
 public:
  explicit Execution(const Plan& plan) : plan_(plan), values_(plan.steps().size()) {}

  /// The result of a step that has run elsewhere.
  void set(size_t step, Tensor value) { values_[step] = std::move(value); }

  /// Steps [first, last), after those before them; x: of the placeholder. The result of the last one.
  Tensor run(size_t first, size_t last, const Tensor& x, const NodeCallback& on_node = {});

 private:
  const Plan& plan_;
  std::vector<Tensor> values_;  // by step, until their last use
};

/// One node by itself, on the values of its inputs.
Tensor run_node(const Node& node, std::span<const Tensor> inputs);

}  // namespace octet::nn
