// The executor: runs a graph of any stage (float, observed, fake-quantized, int8) node by node, and lets a value go after its
// last use. PyTorch counterpart: torch.fx.Interpreter.
#pragma once

#include <functional>
#include <span>

#include "nn/graph/graph.h"

namespace octet::nn {

/// Called with every node that computed something and its result (quint8 images as [N, H, W, C]), on the graph's device.
using NodeCallback = std::function<void(const Node& node, const Tensor& result)>;

/// One tensor for each input of a graph, in their order. Most graphs have one.
struct Batch {
  std::vector<Tensor> inputs;

  Batch(Tensor x) : inputs{std::move(x)} {}  // implicit: the batch of a graph with one input
  Batch(std::vector<Tensor> all) : inputs(std::move(all)) {}
  /// Of the first input.
  int64_t images() const { return inputs.empty() || inputs[0].dim() == 0 ? 0 : inputs[0].size(0); }
  /// Throws Error without an input.
  Device device() const;
};

/// x float32, such as [N, 3, H, W] -> the graph's result, on the device of x; it is computed on the graph's. Errors are those of the
/// ops, with the node's name in front. Throws Error for a graph with another number of inputs, or with several results.
Tensor run(const Graph& graph, const Batch& x, const NodeCallback& on_node = {});
/// The same of a graph with any number of results.
std::vector<Tensor> run_all(const Graph& graph, const Batch& x, const NodeCallback& on_node = {});

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
    bool is_read = false;    // by a later node
    size_t placeholder = 0;  // of one: which
  };

  /// The graph must live as long as the plan, and stay as it is.
  explicit Plan(const Graph& graph);

  /// In the order of the nodes.
  const std::vector<Step>& steps() const { return steps_; }
  Device device() const { return device_; }
  size_t inputs() const { return inputs_; }
  size_t outputs() const { return outputs_; }

 private:
  std::vector<Step> steps_;
  Device device_;
  size_t inputs_ = 0, outputs_ = 0;
};

/// One run of a plan, which may go over it in several parts.
class Execution {
 public:
  explicit Execution(const Plan& plan) : plan_(plan), values_(plan.steps().size()) {}

  /// The result of a step that has run elsewhere.
  void set(size_t step, Tensor value) { values_[step] = std::move(value); }

  /// Steps [first, last), after those before them; x: of the placeholders. The result of the last one.
  Tensor run(size_t first, size_t last, const Batch& x, const NodeCallback& on_node = {});
  /// The graph's results, when its last step has run.
  const std::vector<Tensor>& results() const { return results_; }

 private:
  const Plan& plan_;
  std::vector<Tensor> values_;  // by step, until their last use
  std::vector<Tensor> results_;
};

/// One node by itself, on the values of its inputs.
Tensor run_node(const Node& node, std::span<const Tensor> inputs);

}  // namespace octet::nn
