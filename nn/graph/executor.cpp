// Runs a graph node by node: a plan of which value each step reads last, and one step, which asks the op's page (nn/graph/ops/).
#include "nn/graph/executor.h"

#include "nn/graph/ops.h"

#include <span>
#include <string>
#include <type_traits>

namespace octet::nn {

Device Batch::device() const {
  OCTET_CHECK(!inputs.empty(), "a batch without inputs");
  return inputs[0].device();
}

Tensor run_node(const Node& node, std::span<const Tensor> inputs) {
  try {
    return visit([&](const auto& o) { return o.run({inputs, node.parameters}); }, node.op);
  } catch (const Error& error) {
    const bool watches = is<op::Function>(node.op) && !node.inputs.empty();
    fail("node '", node.name, "'", watches ? " behind '" + node.inputs[0]->name + "'" : "", ": ", error.what());
  }
}

namespace {

/// What a graph made by hand may lack: the ops trust that it is there.
void check_node(const Node& node) {
  const size_t wanted = info(node.op).inputs;
  OCTET_CHECK(wanted == op::kAnyNumber ? !node.inputs.empty() : node.inputs.size() == wanted, "node '", node.name, "' has ",
              node.inputs.size(), " inputs, expected ", wanted == op::kAnyNumber ? "at least one" : std::to_string(wanted));
  visit(
      [&]<class T>(const T& o) {
        if constexpr (op::HasInt8Layer<T>) OCTET_CHECK(o.layer != nullptr, "node '", node.name, "' has no int8 layer");
        if constexpr (std::is_same_v<T, op::Function>)
          OCTET_CHECK(o.function != nullptr, "node '", node.name, "' has no function to call");
      },
      node.op);
}

}  // namespace

Plan::Plan(const Graph& graph) : device_(graph.device()) {
  std::unordered_map<const Node*, size_t> step_of;
  for (const Node& node : graph.nodes()) {
    check_node(node);
    Step step{&node, {}};
    for (const Node* input : node.inputs) {
      const auto it = step_of.find(input);
      OCTET_CHECK(it != step_of.end(), "node '", node.name, "' has an input that is not before it in this graph");
      step.inputs.push_back({it->second, false});
    }
    if (node.kind == NodeKind::placeholder) step.placeholder = inputs_++;
    if (node.kind == NodeKind::output) outputs_ = node.inputs.size();
    step_of[&node] = steps_.size();
    steps_.push_back(std::move(step));
  }
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step)
    for (auto input = step->inputs.rbegin(); input != step->inputs.rend(); ++input) {
      bool& is_read = steps_[input->step].is_read;
      input->last_use = !is_read;
      is_read = true;
    }
}

Tensor Execution::run(size_t first, size_t last, const Batch& x, const NodeCallback& on_node) {
  OCTET_CHECK(x.inputs.size() == plan_.inputs(), "the network has ", plan_.inputs(), " inputs, got ", x.inputs.size());
  Tensor result;
  std::vector<Tensor> in;
  for (size_t i = first; i < last; ++i) {
    const Plan::Step& step = plan_.steps()[i];
    const Node& node = *step.node;
    in.clear();
    for (const Plan::Operand& input : step.inputs) {
      Tensor& value = values_[input.step];
      in.push_back(input.last_use ? std::move(value) : value);
    }
    if (node.kind == NodeKind::placeholder) in.push_back(x.inputs[step.placeholder].to(plan_.device()));
    if (node.kind == NodeKind::output) results_ = in;
    result = run_node(node, in);
    const bool computes = node.kind == NodeKind::call_module || node.kind == NodeKind::call_function;
    if (on_node && computes) on_node(node, result);
    if (step.is_read) values_[i] = result;
  }
  return result;
}

std::vector<Tensor> run_all(const Graph& graph, const Batch& x, const NodeCallback& on_node) {
  const Plan plan(graph);
  Execution execution(plan);
  execution.run(0, plan.steps().size(), x, on_node);
  std::vector<Tensor> results = execution.results();
  for (Tensor& result : results) result = result.to(x.device());
  return results;
}

Tensor run(const Graph& graph, const Batch& x, const NodeCallback& on_node) {
  const std::vector<Tensor> results = run_all(graph, x, on_node);
  OCTET_CHECK(results.size() == 1, "the network has ", results.size(), " results, expected one");
  return results[0];
}

}  // namespace octet::nn
