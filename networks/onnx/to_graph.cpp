#include "networks/onnx/to_graph.h"

#include <algorithm>
#include <unordered_set>

#include "loaders/checkpoints/checkpoint.h"
#include "loaders/files/bytes.h"
#include "loaders/files/limits.h"
#include "networks/names.h"
#include "networks/onnx/constants.h"
#include "networks/onnx/names.h"
#include "networks/onnx/operations.h"

namespace octet::networks::onnx {
namespace {

using loaders::quoted;

/// "Conv of 'features.0'"; of another domain "com.microsoft.Gelu".
std::string operator_of(const Node& node) {
  return loaders::printable(node.domain.empty() ? node.op_type : node.domain + "." + node.op_type);
}
std::string place_of(const Node& node) {
  return node.name.empty() && !node.outputs.empty() ? "the node of " + quoted(node.outputs[0]) : quoted(node.name);
}

class Builder {
 public:
  explicit Builder(const Model& model) : model_(model), names_(model), budget_(loaders::expansion_limit(model.bytes)) {}

  Network build() {
    OCTET_CHECK(model_.inputs.size() == 1 && model_.outputs.size() == 1, model_.file, ": a network of ", model_.inputs.size(),
                " inputs and ", model_.outputs.size(), " outputs, expected one of each");
    for (const Node& node : model_.nodes)
      for (const std::string& input : node.inputs) readers_[input].push_back(&node);
    for (const auto& [name, tensor] : model_.initializers) values_[name].constant = as_constant(tensor, budget_);
    add_input();
    for (const Node& node : model_.nodes) add(node);
    refuse_problems();
    add_output();
    check_parameters();
    return std::move(network_);
  }

 private:
  /// The calls of one operator that octet lacks.
  struct Unsupported {
    int count = 0;
    std::string first;  // place_of
  };

  nn::Graph& graph() { return network_.graph; }

  /// Images, [N, C, H, W] or, as Keras has them, [N, H, W, C] that are transposed at once.
  void add_input() {
    const ValueInfo& input = model_.inputs[0];
    OCTET_CHECK(input.shape.size() == 4, model_.file, ": its input ", quoted(input.name), " has ", input.shape.size(),
                " dimensions, expected images [N, C, H, W]");
    Value& value = values_[input.name];
    for (size_t d = 0; d < 4; ++d) value.shape.push_back(d == 0 ? kBatch : input.shape[d] < 0 ? kUnknown : input.shape[d]);
    value.channels_last = is_transposed_at_once(input.name);
    value.node = graph().append(
        {.name = input.name, .kind = nn::NodeKind::placeholder, .target = input.name, .op = nn::op::Placeholder{}});
    const int64_t h = value.shape[value.channels_last ? 1 : 2], w = value.shape[value.channels_last ? 2 : 3];
    if (is_known(h) && h == w) network_.size = h;
    if (is_known(value.channels())) network_.channels = value.channels();
  }

  bool is_transposed_at_once(const std::string& name) const {
    const auto it = readers_.find(name);
    return it != readers_.end() && std::ranges::all_of(it->second, [](const Node* node) {
             const auto it = node->attributes.find("perm");
             const Dims* perm = it == node->attributes.end() ? nullptr : std::get_if<Dims>(&it->second);
             return node->op_type == "Transpose" && perm != nullptr && *perm == Dims{0, 3, 1, 2};
           });
  }

  void add(const Node& node) {
    if (is_last_softmax(node)) return leave_out(node);
    std::vector<const Value*> inputs;
    for (const std::string& name : node.inputs) {
      const auto it = values_.find(name);
      if (it == values_.end() && !name.empty()) return lack(node, name);
      inputs.push_back(name.empty() ? nullptr : &it->second);
    }
    try {
      OCTET_CHECK(!node.outputs.empty(), "gives nothing, expected a value");
      const Call call(node, std::move(inputs), readers_of(node.outputs[0]), model_, budget_);
      if (std::optional<Tensor> constant = fold(call)) return define(node.outputs[0], {.constant = *constant});
      if (!is_supported(node)) return count_unsupported(node);
      std::vector<Made> made = make(call);
      for (size_t i = 0; i < made.size(); ++i) append(node, node.outputs.at(i), std::move(made[i]));
    } catch (const Error& error) {
      problems_.push_back(str(operator_of(node), " ", place_of(node), ": ", error.what()));
    }
  }

  /// Calls whose inputs could not be made are left out, because the reason is among the problems already; unless nothing makes them.
  void lack(const Node& node, const std::string& input) {
    if (!is_supported(node) && !is_folded(node)) count_unsupported(node);
    const bool is_made =
        std::ranges::any_of(model_.nodes, [&](const Node& n) { return std::ranges::find(n.outputs, input) != n.outputs.end(); });
    if (problems_.empty() && unsupported_.empty())
      fail(model_.file, ": ", operator_of(node), " ", place_of(node), ": the value ", quoted(input),
           is_made ? " is made behind it" : " is never made", "; the file is damaged");
  }

  static bool is_folded(const Node& node) {
    constexpr const char* kTypes[] = {"Constant", "Shape", "CastLike", "Gather", "Slice", "Expand", "ConstantOfShape"};
    return node.domain.empty() && std::ranges::find(kTypes, node.op_type) != std::end(kTypes);
  }

  void count_unsupported(const Node& node) {
    Unsupported& row = unsupported_[operator_of(node)];
    if (row.count++ == 0) row.first = place_of(node);
  }

  std::vector<const Node*> readers_of(const std::string& name) const {
    const auto it = readers_.find(name);
    std::vector<const Node*> readers = it == readers_.end() ? std::vector<const Node*>() : it->second;
    if (name == model_.outputs[0].name) readers.push_back(&kOutputNode);
    return readers;
  }

  void define(const std::string& name, Value value) {
    OCTET_CHECK(!name.empty() && !values_.contains(name), "gives the value ", quoted(name), ", which is there already");
    values_[name] = std::move(value);
  }

  void append(const Node& node, const std::string& output, Made made) {
    const bool read_once = readers_of(output).size() == 1;
    Value value = std::move(made.value);
    if (!made.op) {
      value.exclusive = value.exclusive && read_once;
      return define(output, std::move(value));
    }
    if (made.instead_of) graph().erase(made.instead_of);
    value.node = graph().append(node_of(node, made));
    value.exclusive = read_once;
    define(output, std::move(value));
  }

  nn::Node node_of(const Node& node, Made& made) const {
    const Origin origin = names_.of(node);
    const bool is_part = nn::is<nn::op::Slice>(*made.op);  // in Python x[...], as in the .pt2 of the same network
    const std::string function = is_part ? "getitem" : nn::info(*made.op).name.value;
    const bool is_layer = origin.is_layer || !made.parameters.empty();
    const std::string target = is_layer && !origin.module.empty() ? origin.module : function;
    return {.name = snake_case(target),
            .kind = is_layer ? nn::NodeKind::call_module : nn::NodeKind::call_function,
            .target = target,
            .op = *made.op,
            .inputs = made.inputs,
            .parameters = std::move(made.parameters),
            .scope = is_layer ? "" : origin.module};
  }

  bool is_last_softmax(const Node& node) const {
    return node.op_type == "Softmax" && node.domain.empty() && node.outputs.size() == 1 && node.inputs.size() == 1 &&
           node.outputs[0] == model_.outputs[0].name && !readers_.contains(node.outputs[0]);
  }

  void leave_out(const Node& node) {
    const auto it = values_.find(node.inputs[0]);
    if (it == values_.end()) return lack(node, node.inputs[0]);
    network_.notes.push_back(
        str(model_.file, ": the Softmax at its end, ", place_of(node), ", is left out: octet's answers are logits"));
    values_[node.outputs[0]] = it->second;
  }

  void refuse_problems() const {
    std::string text;
    for (const auto& [target, row] : unsupported_)
      text += str(text.empty() ? "octet lacks " : "; ", target, ", ", row.count, row.count == 1 ? " node: " : " nodes, first ",
                  row.first);
    if (unsupported_.contains("DequantizeLinear"))
      text += " (an int8 model: octet runs its own model.safetensors, and quantizes float networks)";
    for (const std::string& problem : problems_) text += (text.empty() ? "" : "; ") + problem;
    OCTET_CHECK(text.empty(), model_.file, ": ", text);
  }

  void add_output() {
    const std::string& name = model_.outputs[0].name;
    const auto it = values_.find(name);
    OCTET_CHECK(it != values_.end(), model_.file, ": the output ", quoted(name), " is never made; the file is damaged");
    const Value& value = it->second;
    const bool plain =
        !value.is_constant() && value.part == Part::none && !value.pads.any() && !value.channels_last && value.row_order.empty();
    OCTET_CHECK(plain, model_.file, ": the output ", quoted(name), " is ",
                value.is_constant() ? "a constant" : "in another order than octet's", ", expected what an image becomes");
    nn::Node* last = value.node;
    graph().append(
        {.name = "output", .kind = nn::NodeKind::output, .target = "output", .op = nn::op::Output{}, .inputs = {last}});
    remove_unread();
  }

  /// What nothing reads any more, such as a flatten that was taken back.
  void remove_unread() {
    std::unordered_set<const nn::Node*> read, unread;
    for (auto it = graph().nodes().rbegin(); it != graph().nodes().rend(); ++it) {
      const bool computes = it->kind == nn::NodeKind::call_module || it->kind == nn::NodeKind::call_function;
      if (computes && !read.contains(&*it))
        unread.insert(&*it);
      else
        read.insert(it->inputs.begin(), it->inputs.end());
    }
    graph().erase(unread);
  }

  void check_parameters() {
    StateDict state;
    for (const nn::Node& node : graph().nodes())
      for (const auto& [name, tensor] : node.parameters) state.add({node.name + "." + name, tensor, {}});
    loaders::check_finite(state, model_.file);
  }

  static const Node kOutputNode;  // who reads what the network gives

  const Model& model_;
  const Names names_;
  Budget budget_;
  Network network_;
  std::map<std::string, Value> values_;
  std::map<std::string, std::vector<const Node*>> readers_;
  std::map<std::string, Unsupported> unsupported_;  // by operator
  std::vector<std::string> problems_;
};

const Node Builder::kOutputNode;

}  // namespace

Network to_graph(const Model& model) { return Builder(model).build(); }

}  // namespace octet::networks::onnx
