// Runs a graph once and keeps what goes into each of its observers.
#include "quant/checks/observed_values.h"

#include "nn/graph/ops/contiguous.h"
#include "quant/passes/patterns.h"

namespace octet::quant {

nn::Batch row_of(const nn::Batch& batch, int64_t i) {
  std::vector<Tensor> row;
  for (const Tensor& input : batch.inputs) row.push_back(input.slice(i, i + 1));
  return row;
}

nn::Graph without_observers(const nn::Graph& prepared) {
  nn::Graph graph = prepared.clone();
  for (nn::Node& node : graph.nodes())
    if (observer_of(node)) node.op = nn::op::Contiguous{};
  return graph;
}

ObservedValues observed_values(const nn::Graph& graph, const nn::Batch& batch,
                               const std::function<bool(const nn::Node&)>& is_observer) {
  std::unordered_map<const nn::Node*, std::vector<std::string>> wanted;  // by the node that makes the value
  for (const nn::Node& node : graph.nodes())
    if (is_observer(node)) wanted[node.inputs[0]].push_back(node.name);
  ObservedValues values;
  const std::vector<const nn::Node*> placeholders = graph.placeholders();
  for (size_t i = 0; i < placeholders.size(); ++i)
    for (const std::string& name : wanted[placeholders[i]]) values[name] = batch.inputs.at(i);
  nn::run_all(graph, batch, [&](const nn::Node& node, const Tensor& value) {
    for (const std::string& name : wanted[&node]) values[name] = value;
  });
  return values;
}

}  // namespace octet::quant
