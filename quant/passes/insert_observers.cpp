// Walks over the calls that have an int8 form, in the order of the graph: first an observer behind each input that has none,
// then one behind the output. observed_by_ remembers which observer stands behind which value, so that no value gets two.
//   a ─ conv ─ b    ->    a ─ [0] ─ conv ─ [1] ─ b          [n]: activation_post_process_n
// An addition and its relu get one observer, behind the relu. PyTorch counterpart: insert_observers_for_model in
// torch/ao/quantization/fx/prepare.py.
#include "quant/passes/insert_observers.h"

#include <set>

#include "nn/graph/ops/function.h"
#include "nn/graph/print.h"
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
    if (nn::info(node.op).one_scale)
      for (nn::Node* input : node.inputs) input->op = node.inputs[0]->op;  // all share the first one's observer
  }

  /// `last` ends the pattern that starts at `node` (they differ for add + relu). All later users read the observed value.
  void observe_output(nn::Node& node, nn::Node* last, const QConfig& qconfig) {
    const bool shares = nn::info(node.op).shares_observer && !is_kept_in_float(node);
    nn::Node* inserted =
        insert_behind(last, shares ? nn::get<nn::op::Function>(node.inputs[0]->op).function : make_(qconfig.activation));
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

/// PyTorch ignores a QConfig that contradicts a fixed scale, and the call stays in float.
void check_fixed(const nn::Node& node, const ObserverChoice& choice) {
  const nn::op::Info& info = nn::info(node.op);
  if (info.scale != nn::op::Scale::fixed) return;
  OCTET_CHECK(choice.kind == "FixedQParamsObserver" && choice.fixed == info.fixed, "qconfig of '", node.name, "': codes of ",
              nn::type_name(node), " have the scale ", info.fixed.scale, " and zero point ", info.fixed.zero_point,
              "; expected FixedQParamsObserver with these, or null to keep it in float");
}

}  // namespace

void insert_observers(nn::Graph& graph, const QConfigMapping& mapping, const MakeFunction& make) {
  mapping.check_all_match(graph, has_int8_form);
  std::vector<nn::Node*> calls;
  for (nn::Node& node : graph.nodes()) {
    if (!has_int8_form(node)) continue;
    const QConfigMapping::Choice choice = mapping.of(node);
    if (choice) check_fixed(node, choice->activation);
    keep_in_float(node, !choice.has_value());
    calls.push_back(&node);
  }
  std::set<const nn::Node*> fused;  // relus that belong to the call before
  for (nn::Node* node : calls)
    if (nn::Node* relu = relu_of(graph, *node)) {
      keep_in_float(*relu, is_kept_in_float(*node));
      fused.insert(relu);
    }
  Inserter inserter(graph, make);
  for (nn::Node* node : calls) {
    const auto qconfig_or_none = mapping.of(*node);
    if (fused.contains(node)) {
      if (is_kept_in_float(*node) && qconfig_or_none)
        inserter.observe_output(*node, node, *qconfig_or_none);  // of a float addition
      continue;
    }
    if (is_kept_in_float(*node)) continue;
    const QConfig& qconfig = *qconfig_or_none;
    nn::Node* relu = relu_of(graph, *node);
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
