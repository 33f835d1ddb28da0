#include "quant/passes/insert_observers.h"

#include <set>

#include "quant/passes/patterns.h"

namespace octet::quant {
namespace {

class Inserter {
 public:
  Inserter(nn::Graph& graph, const MakeFunction& make) : graph_(graph), make_(make) {}

  void observe_inputs(nn::Node& node, const QConfig& qconfig) {
    for (nn::Node*& input : node.inputs) {
      if (nn::is<nn::op::Function>(input->op)) continue;
      nn::Node* source = input;
      if (!observed_by_[source]) observed_by_[source] = insert_behind(source, make_(qconfig.activation));
      input = observed_by_[source];
    }
    if (nn::is<nn::op::Cat>(node.op))
      for (nn::Node* input : node.inputs) input->op = node.inputs[0]->op;  // all share the first one's observer
  }

  /// `last` ends the pattern that starts at `node` (they differ for add + relu). All later users read the observed value.
  void observe_output(nn::Node& node, nn::Node* last, const QConfig& qconfig) {
    const bool shares = shares_observer(node.op) && !node.keep_float;
    nn::Node* inserted =
        insert_behind(last, shares ? std::get<nn::op::Function>(node.inputs[0]->op).function : make_(qconfig.activation));
    observed_by_[last] = inserted;
    graph_.replace_uses(last, inserted);
  }

 private:
  nn::Node* insert_behind(nn::Node* source, std::shared_ptr<nn::TensorFunction> observer) {
    const std::string name = "activation_post_process_" + std::to_string(count_++);
    return graph_.insert_after(source, {.name = name,
                                        .kind = nn::NodeKind::call_module,
                                        .target = name,
                                        .op = nn::op::Function{std::move(observer)},
                                        .inputs = {source}});
  }

  nn::Graph& graph_;
  const MakeFunction& make_;
  std::map<nn::Node*, nn::Node*> observed_by_;
  int count_ = 0;
};

}  // namespace

void insert_observers(nn::Graph& graph, const QConfigMapping& mapping, const MakeFunction& make) {
  mapping.check_all_match(graph, has_int8_form);
  std::vector<nn::Node*> calls;
  for (nn::Node& node : graph.nodes()) {
    if (!has_int8_form(node.op)) continue;
    node.keep_float = !mapping.of(node).has_value();
    calls.push_back(&node);
  }
  std::set<const nn::Node*> fused;  // relus that belong to an addition
  for (nn::Node* node : calls)
    if (nn::Node* relu = relu_of_add(graph, *node)) {
      relu->keep_float = node->keep_float;
      fused.insert(relu);
    }
  Inserter inserter(graph, make);
  for (nn::Node* node : calls) {
    const auto qconfig_or_none = mapping.of(*node);
    if (fused.contains(node)) {
      if (node->keep_float && qconfig_or_none) inserter.observe_output(*node, node, *qconfig_or_none);  // of a float addition
      continue;
    }
    if (node->keep_float) continue;
    const QConfig& qconfig = *qconfig_or_none;
    nn::Node* relu = relu_of_add(graph, *node);
    inserter.observe_inputs(*node, qconfig);
    inserter.observe_output(*node, relu ? relu : node, qconfig);
  }
}

std::vector<ObserverInfo> observers(const nn::Graph& prepared) {
  std::vector<ObserverInfo> found;
  for (const nn::Node& node : prepared.nodes())
    if (auto observer = observer_of(node)) found.push_back({node.name, node.inputs[0]->name, observer});
  return found;
}

}  // namespace octet::quant
