#include "networks/onnx/to_graph.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <unordered_set>

#include "loaders/checkpoints/checkpoint.h"
#include "loaders/files/bytes.h"
#include "loaders/files/limits.h"
#include "networks/names.h"
#include "networks/onnx/constants.h"
#include "networks/onnx/idioms.h"
#include "networks/onnx/names.h"
#include "networks/onnx/operations.h"
#include "networks/onnx/quantized.h"
#include "nn/graph/ops/function.h"
#include "nn/graph/ops/quantize.h"

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
    OCTET_CHECK(!model_.inputs.empty() && !model_.outputs.empty(), model_.file, ": a network of ", model_.inputs.size(),
                " inputs and ", model_.outputs.size(), " outputs, expected at least one of each");
    network_.by_octet = model_.producer == "octet";
    for (const Node& node : model_.nodes)
      for (const std::string& input : node.inputs) readers_[input].push_back(&node);
    for (const auto& [name, tensor] : model_.initializers) values_[name].constant = kept(name, tensor);
    for (const ValueInfo& input : model_.inputs) add_input(input);
    for (const Node& node : model_.nodes) add(node);
    refuse_problems();
    add_outputs();
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

  /// Codes and their zero points keep their type; other whole numbers are kept as int64.
  Tensor kept(const std::string& name, const Tensor& tensor) {
    const auto it = readers_.find(name);
    const bool codes = it != readers_.end() && std::ranges::all_of(it->second, [](const Node* n) { return is_quantization(*n); });
    return codes ? tensor : as_constant(tensor, budget_);
  }

  /// Images, [N, C, H, W] or, as Keras has them, [N, H, W, C] that are transposed before any layer; rows [N, C]; or tensors of other
  /// ranks, which operators read that look at each element by itself or along channels.
  void add_input(const ValueInfo& input) {
    const size_t rank = input.shape.size();
    constexpr size_t kMostDims = 8;
    OCTET_CHECK(rank > 0 && rank <= kMostDims, model_.file, ": its input ", quoted(input.name), " has ", rank,
                " dimensions, expected 1 to ", kMostDims, ": images [N, C, H, W], [N, C], or others");
    Value& value = values_[input.name];
    for (size_t d = 0; d < rank; ++d) value.shape.push_back(d == 0 ? kBatch : input.shape[d] < 0 ? kUnknown : input.shape[d]);
    value.channels_last = rank == 4 && is_transposed(input.name);
    value.node = graph().append(
        {.name = input.name, .kind = nn::NodeKind::placeholder, .target = input.name, .op = nn::op::Placeholder{}});
    if (rank == 4 && network_.channels == 0) describe_images(value);
  }

  void describe_images(const Value& images) {
    const int64_t h = images.shape[images.channels_last ? 1 : 2], w = images.shape[images.channels_last ? 2 : 3];
    if (is_known(h) && h == w) network_.size = h;
    if (is_known(images.channels())) network_.channels = images.channels();
  }

  /// To [N, C, H, W], by all who read it: at once, or behind what looks at each element by itself, as Keras rescales images.
  bool is_transposed(const std::string& name, int followed = 0) const {
    constexpr int kMostFollowed = 16;
    static const std::set<std::string> kElementwise = {"Add", "Sub", "Mul", "Div", "Cast", "Clip", "Identity"};
    const auto it = readers_.find(name);
    if (it == readers_.end()) return false;
    const std::vector<const Node*>& readers = it->second;
    const Node& first = *readers.front();
    if (readers.size() == 1 && kElementwise.contains(first.op_type) && !first.outputs.empty() && followed < kMostFollowed)
      return is_transposed(first.outputs[0], followed + 1);
    return std::ranges::all_of(readers, [](const Node* node) {
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
      if (const Tensor* value = tensor_of(node)) return define(node.outputs[0], {.constant = kept(node.outputs[0], *value)});
      if (std::optional<Tensor> constant = fold(call)) return define(node.outputs[0], {.constant = *constant});
      if (!is_supported(node)) return count_unsupported(node);
      std::vector<Made> made = make(call);
      for (size_t i = 0; i < made.size(); ++i) append(node, node.outputs.at(i), std::move(made[i]));
    } catch (const Error& error) {
      problems_.push_back(str(operator_of(node), " ", place_of(node), ": ", error.what()));
    }
  }

  /// Of a Constant.
  static const Tensor* tensor_of(const Node& node) {
    const auto it = node.attributes.find("value");
    return node.op_type == "Constant" && node.domain.empty() && it != node.attributes.end() ? std::get_if<Tensor>(&it->second)
                                                                                            : nullptr;
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
    for (const ValueInfo& output : model_.outputs)
      if (name == output.name) readers.push_back(&kOutputNode);
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
    const bool converts = nn::is<nn::op::Quantize>(*made.op) || nn::is<nn::op::Dequantize>(*made.op);
    value.node = converts ? converted(node, made) : graph().append(node_of(node, made));
    value.exclusive = read_once && !converts;
    if (nn::info(*made.op).has_weight && node.inputs.size() > 1) note_scale(*value.node, values_[node.inputs[1]]);
    define(output, std::move(value));
  }

  /// A Quantize or Dequantize, or the one that makes the same already.
  nn::Node* converted(const Node& node, Made& made) {
    const auto* quantize = nn::get_if<nn::op::Quantize>(*made.op);
    const ops::int8::QParams q = quantize ? quantize->to : ops::int8::QParams{};
    nn::Node*& same = converted_[{made.inputs.at(0), q.scale, q.zero_point}];
    // octet's own nodes have their names on their codes
    if (same == nullptr || (quantize && network_.by_octet)) same = graph().append(node_of(node, made));
    return same;
  }

  void note_scale(const nn::Node& layer, const Value& weight) {
    if (!weight.weight_scale.empty()) network_.weight_scales[&layer] = weight.weight_scale;
  }

  /// What torch.fx calls what is not in the file's modules, or nothing.
  const char* own_target(const nn::Op& op) const {
    if (nn::is<nn::op::Dequantize>(op)) return "dequantize";
    return nn::is<nn::op::Quantize>(op) && !network_.by_octet ? "quantize_per_tensor" : nullptr;
  }

  nn::Node node_of(const Node& node, Made& made) const {
    if (const char* target = own_target(*made.op))
      return {.name = target, .target = target, .op = *made.op, .inputs = made.inputs};

    const Origin origin = names_.of(node);
    const bool is_part = nn::is<nn::op::Slice>(*made.op);  // in Python x[...], as in the .pt2 of the same network
    const std::string function = is_part ? "getitem" : nn::info(*made.op).name.value;
    const bool is_layer = origin.is_layer || !made.parameters.empty();
    const std::string target = is_layer && !origin.module.empty() ? origin.module : function;
    // As torch.fx has it: torch.nn.functional.interpolate and torch.nn.Softmax are quantized, nn.Upsample and torch.softmax are not.
    const bool quantizable =
        !(nn::is<nn::op::Interpolate>(*made.op) && is_layer) && (!nn::is<nn::op::Softmax>(*made.op) || is_layer);
    return {.name = snake_case(target),
            .kind = is_layer ? nn::NodeKind::call_module : nn::NodeKind::call_function,
            .target = target,
            .op = *made.op,
            .inputs = made.inputs,
            .parameters = std::move(made.parameters),
            .quantizable = quantizable,
            .scope = is_layer ? "" : origin.module};
  }

  bool is_last_softmax(const Node& node) const {
    const bool is_last = node.op_type == "Softmax" && node.domain.empty() && node.outputs.size() == 1 &&
                         node.inputs.size() == 1 && model_.outputs.size() == 1 && node.outputs[0] == model_.outputs[0].name;
    if (!is_last || readers_.contains(node.outputs[0])) return false;
    const auto it = values_.find(node.inputs[0]);
    return it == values_.end() || it->second.shape.size() == 2;  // of classes, not of pixels
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
    for (const std::string& problem : problems_) text += (text.empty() ? "" : "; ") + problem;
    OCTET_CHECK(text.empty(), model_.file, ": ", text);
  }

  void add_outputs() {
    nn::Node output{.name = "output", .kind = nn::NodeKind::output, .target = "output", .op = nn::op::Output{}};
    for (const ValueInfo& info : model_.outputs) output.inputs.push_back(result(info.name));
    graph().append(std::move(output));
    remove_unread();
  }

  /// The node that makes an output.
  nn::Node* result(const std::string& name) const {
    const auto it = values_.find(name);
    OCTET_CHECK(it != values_.end(), model_.file, ": the output ", quoted(name), " is never made; the file is damaged");
    const Value& value = it->second;
    const bool plain = !value.is_constant() && value.part == Part::none && !value.pads.any() && !value.channels_last &&
                       value.row_order.empty() && value.ungrouped.empty() && value.sequence.empty() && !value.codes;
    OCTET_CHECK(plain, model_.file, ": the output ", quoted(name), " is ",
                value.is_constant() ? "a constant"
                : value.codes       ? "codes"
                                    : "in another order than octet's",
                ", expected what an image becomes");
    return value.node;
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
  std::map<std::tuple<const nn::Node*, float, int32_t>, nn::Node*> converted_;  // Quantize and Dequantize by what they make
};

const Node Builder::kOutputNode;

}  // namespace

Network to_graph(const Model& model) {
  const Model plain = with_gelus(is_int8(model) ? with_plain_codes(model) : model);
  return Builder(plain).build();
}

}  // namespace octet::networks::onnx
