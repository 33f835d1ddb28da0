#include "networks/onnx/idioms.h"

#include <cmath>
#include <optional>
#include <set>

namespace octet::networks::onnx {
namespace {

constexpr float kInverseRoot2 = 0.70710678f, kTanhFactor = 0.79788456f, kCubic = 0.044715f;

/// Finds the steps from one Erf or Tanh on, in both directions.
class Finder {
 public:
  explicit Finder(const Model& model) : model_(model) {
    for (const Node& node : model.nodes) {
      for (const std::string& output : node.outputs) makers_[output] = &node;
      for (const std::string& input : node.inputs) readers_[input].push_back(&node);
    }
    for (const ValueInfo& output : model.outputs) readers_[output.name].push_back(nullptr);
  }

  struct Gelu {
    const Node* last;           // gives the result
    std::set<const Node*> all;  // the steps
    std::string x;
    const char* approximate;
  };

  std::optional<Gelu> gelu_with(const Node& node) {
    steps_ = {&node};
    const bool by_tanh = is(&node, "Tanh");
    if (!by_tanh && !is(&node, "Erf")) return std::nullopt;
    const auto x = by_tanh ? inside_tanh(node) : product(node.inputs.at(0), kInverseRoot2);
    const Node* last = x ? end_of(node.outputs.at(0), *x) : nullptr;
    if (last == nullptr || !are_read_by_each_other(*last)) return std::nullopt;
    return Gelu{last, steps_, *x, by_tanh ? "tanh" : "none"};
  }

 private:
  static bool is(const Node* node, const char* type) {
    return node && node->domain.empty() && node->op_type == type && !node->inputs.empty() && node->outputs.size() == 1;
  }
  static bool is_of_two(const Node* node, const char* type) { return is(node, type) && node->inputs.size() == 2; }

  const Node* maker(const std::string& value) const {
    const auto it = makers_.find(value);
    return it == makers_.end() ? nullptr : it->second;
  }
  const Node* only_reader(const std::string& value) const {
    const auto it = readers_.find(value);
    return it != readers_.end() && it->second.size() == 1 ? it->second[0] : nullptr;
  }

  /// Is this constant that number?
  bool is_number(const std::string& value, float number) const {
    const auto it = model_.initializers.find(value);
    const Tensor* t = it == model_.initializers.end() ? constant(maker(value)) : &it->second;
    return t && t->dtype() == DType::f32 && t->numel() == 1 && std::abs(t->data<float>()[0] - number) <= 1e-5f * std::abs(number);
  }
  static const Tensor* constant(const Node* node) {
    if (node == nullptr || node->op_type != "Constant") return nullptr;
    const auto it = node->attributes.find("value");
    return it == node->attributes.end() ? nullptr : std::get_if<Tensor>(&it->second);
  }

  /// The other input of a node of two, if one is as asked.
  template <class Asked>
  static std::optional<std::string> other(const Node& node, Asked&& asked) {
    if (asked(node.inputs[1])) return node.inputs[0];
    if (asked(node.inputs[0])) return node.inputs[1];
    return std::nullopt;
  }

  /// v, if `value` is v * factor; a step.
  std::optional<std::string> product(const std::string& value, float factor) {
    const Node* node = maker(value);
    std::optional<std::string> found;
    if (is_of_two(node, "Mul")) found = other(*node, [&](const std::string& v) { return is_number(v, factor); });
    if (is_of_two(node, "Div") && is_number(node->inputs[1], 1 / factor)) found = node->inputs[0];
    if (found) steps_.insert(node);
    return found;
  }

  /// x, if the tanh is of sqrt(2 / pi) * (x + 0.044715 x^3).
  std::optional<std::string> inside_tanh(const Node& node) {
    const auto sum = product(node.inputs.at(0), kTanhFactor);
    const Node* add = sum ? maker(*sum) : nullptr;
    if (!is_of_two(add, "Add")) return std::nullopt;
    steps_.insert(add);
    std::optional<std::string> cube;
    const auto x = other(*add, [&](const std::string& v) { return (cube = product(v, kCubic)).has_value(); });
    return x && is_cube(*cube, *x) ? x : std::nullopt;
  }

  bool is_cube(const std::string& value, const std::string& x) {
    const Node* cube = maker(value);
    if (!is_of_two(cube, "Mul")) return false;
    const auto square = other(*cube, [&](const std::string& v) { return v == x; });
    const Node* of_two = square ? maker(*square) : nullptr;
    if (!is_of_two(of_two, "Mul") || of_two->inputs[0] != x || of_two->inputs[1] != x) return false;
    steps_.insert({cube, of_two});
    return true;
  }

  /// The node that gives x * (1 + value) / 2, or null.
  const Node* end_of(const std::string& value, const std::string& x) {
    const Node* add = only_reader(value);
    if (!is_of_two(add, "Add") || !other(*add, [&](const std::string& v) { return is_number(v, 1); })) return nullptr;
    const Node* times = only_reader(add->outputs[0]);
    if (!is_of_two(times, "Mul")) return nullptr;
    steps_.insert({add, times});
    const std::string factor = times->inputs[times->inputs[0] == add->outputs[0] ? 1 : 0];
    if (product(factor, 0.5f) == x) return times;
    const Node* half = only_reader(times->outputs[0]);
    return factor == x && half && product(half->outputs.at(0), 0.5f) == times->outputs[0] ? half : nullptr;
  }

  /// Nothing else reads what a step gives, but the last one.
  bool are_read_by_each_other(const Node& last) const {
    for (const Node* step : steps_)
      if (step != &last)
        for (const Node* reader : readers_.at(step->outputs[0]))
          if (!steps_.contains(reader)) return false;
    return true;
  }

  const Model& model_;
  std::map<std::string, const Node*> makers_;
  std::map<std::string, std::vector<const Node*>> readers_;  // null: the network's output
  std::set<const Node*> steps_;                              // of the one that is looked at
};

}  // namespace

Model with_gelus(const Model& model) {
  Finder finder(model);
  std::map<const Node*, Node> made;  // by the last step
  std::set<const Node*> steps;
  for (const Node& node : model.nodes)
    if (const auto gelu = finder.gelu_with(node)) {
      Node one = *gelu->last;
      one.op_type = "Gelu", one.inputs = {gelu->x}, one.attributes = {{"approximate", std::string(gelu->approximate)}};
      made.emplace(gelu->last, std::move(one));
      steps.insert(gelu->all.begin(), gelu->all.end());
    }
  Model result = model;
  result.nodes.clear();
  for (const Node& node : model.nodes) {
    if (const auto it = made.find(&node); it != made.end())
      result.nodes.push_back(it->second);
    else if (!steps.contains(&node))
      result.nodes.push_back(node);
  }
  return result;
}

}  // namespace octet::networks::onnx
