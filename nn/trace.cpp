// From a recording to a graph. Each recorded call becomes one node; a value's identity says which node made it, and so which
// nodes its users have as inputs. The model's input becomes the placeholder, its result the input of the node `output`.
//   y = stem(x), add(relu(y), y)   ->   x ─ stem ─┬─ relu ─┐
//                                                 └─────── add ─ output
// Names are made unique by Graph::append, as torch.fx does it. PyTorch counterpart: torch.fx.symbolic_trace.
#include "nn/trace.h"

#include "nn/graph/ops/function.h"

namespace octet::nn {

Graph trace(Module& model, const Tensor& example) {
  Recording recording(Recording::Purpose::trace);
  const Value input(example);
  const Value result = model(input);

  Graph graph;
  std::unordered_map<const void*, Node*> producer;
  const std::string argument = model.input_name();
  producer[input.identity()] =
      graph.append({.name = argument, .kind = NodeKind::placeholder, .target = argument, .op = op::Placeholder{}});
  auto node_of = [&](const Value& value, const std::string& user) {
    const auto it = producer.find(value.identity());
    OCTET_CHECK(it != producer.end(), "trace: '", user, "' uses a value that no recorded call made");
    return it->second;
  };
  for (const Call& call : recording.calls()) {
    Node node{.name = call.target,
              .kind = call.is_module ? NodeKind::call_module : NodeKind::call_function,
              .target = call.target,
              .op = call.op};
    for (const Value& value : call.inputs) node.inputs.push_back(node_of(value, call.target));
    node.scope = call.scope;
    for (const NamedValue& p : call.parameters) node.parameters[p.name] = p.value.tensor();
    producer[call.output.identity()] = graph.append(std::move(node));
  }
  graph.append({.name = "output",
                .kind = NodeKind::output,
                .target = "output",
                .op = op::Output{},
                .inputs = {node_of(result, "output")}});
  return graph;
}

}  // namespace octet::nn
