#include "nn/graph/passes/optimize_for_inference.h"

#include <unordered_set>

#include "nn/graph/ops.h"
#include "nn/graph/passes/fold_batch_norm.h"
#include "nn/graph/passes/fuse_relu.h"
#include "nn/graph/users.h"
#include "ops/channels_last_pool.h"
#include "ops/conv/depthwise_conv2d.h"
#include "ops/conv/grouped_conv2d.h"
#include "ops/conv/inference_conv2d.h"

namespace octet::nn {
namespace {

bool has_kernel(const Node& node) {
  const auto* conv = get_if<op::Conv2d>(node.op);
  return conv != nullptr && conv->qat == nullptr && ops::InferenceConv2d::available(conv->options);
}

/// The identity, which would keep what is before it from being fused with what is behind.
void drop_contiguous(Graph& graph) {
  Users users(graph);
  for (Node& node : graph.nodes())
    if (is<op::Contiguous>(node.op)) users.replace(&node, node.inputs[0]);
  users.erase_dropped();
}

/// A convolution, and what is added to its result: inputs x and, where there is one, the other summand, both channels last.
op::Lowered lowered(const Node& node, const op::Conv2d& conv, FloatSums sums, bool adds, bool relu) {
  auto layer =
      std::make_shared<const ops::InferenceConv2d>(node.parameter("weight"), node.parameter("bias"), conv.options, relu, sums);
  return {str("Conv2d", adds ? "Add" : "", relu ? "ReLU" : "", ", channels last"),
          [layer](std::span<const Tensor> in) { return (*layer)(in[0], in.size() > 1 ? in[1] : Tensor()); },
          [layer](const Shape& x) -> std::string { return ops::InferenceConv2d::name_of(layer->algorithm(x)); }};
}

/// A network's first convolution: its input lies in planes, its result is channels last.
op::Lowered lowered_from_planes(const Node& node, const op::Conv2d& conv) {
  auto layer =
      std::make_shared<const ops::InferenceConv2d>(node.parameter("weight"), node.parameter("bias"), conv.options, conv.relu);
  return {str("Conv2d", conv.relu ? "ReLU" : "", ", to channels last"),
          [layer](std::span<const Tensor> in) { return layer->from_planes(in[0]); },
          [](const Shape&) -> std::string { return "direct"; }};
}

/// Where a summand of `add` is a convolution (as `is_conv` has it) that nobody else reads: its place among the inputs.
template <class IsConv>
std::optional<size_t> fusable_summand(const Users& users, const Node& add, IsConv&& is_conv) {
  if (add.inputs[0] == add.inputs[1]) return std::nullopt;
  for (size_t i : {0, 1})
    if (is_conv(*add.inputs[i]) && users.only(add.inputs[i]) == &add) return i;
  return std::nullopt;
}

/// conv -> add (-> relu) becomes one node in the place of the last.
void fuse_add(Graph& graph, FloatSums sums) {
  Users users(graph);
  for (Node& add : graph.nodes()) {
    if (!is<op::Add>(add.op)) continue;
    const auto summand =
        fusable_summand(users, add, [](const Node& node) { return has_kernel(node) && !get<op::Conv2d>(node.op).relu; });
    if (!summand) continue;
    Node *conv = add.inputs[*summand], *relu = users.only(&add);
    if (relu != nullptr && !is<op::Relu>(relu->op)) relu = nullptr;
    Node* last = relu ? relu : &add;
    last->op = lowered(*conv, get<op::Conv2d>(conv->op), sums, true, relu != nullptr);
    last->parameters = conv->parameters;
    last->target = conv->target;
    users.set_inputs(*last, {conv->inputs[0], add.inputs[1 - *summand]});
    if (relu) users.drop(&add);
    users.drop(conv);
  }
  users.erase_dropped();
}

/// The same for codes.
void fuse_quantized_add(Graph& graph) {
  Users users(graph);
  for (Node& add : graph.nodes()) {
    const auto* o = get_if<op::QuantizedAdd>(add.op);
    if (o == nullptr) continue;
    const auto summand = fusable_summand(users, add, [](const Node& node) { return is<op::QuantizedConv2d>(node.op); });
    if (!summand) continue;
    Node* conv = add.inputs[*summand];
    ops::int8::AddParams params = o->params;
    if (*summand == 1) std::swap(params.a, params.b);  // the convolution's codes are the first summand
    const auto layer = get<op::QuantizedConv2d>(conv->op).layer;
    users.set_inputs(add, {conv->inputs[0], add.inputs[1 - *summand]});
    add.parameters = {{"weight", layer->params().weight}};
    add.target = conv->target;
    add.op = op::Lowered{
        str("QuantizedConv2dAdd", params.relu ? "ReLU" : ""),
        [layer, addition = ops::int8::Addition(params)](std::span<const Tensor> in) { return (*layer)(in[0], addition, in[1]); },
        [layer](const Shape& x) -> std::string { return name_of(layer->algorithm(x)); }};
    users.drop(conv);
  }
  users.erase_dropped();
}

/// conv -> relu6 of codes becomes one node in the place of the last.
void fuse_quantized_relu6(Graph& graph) {
  Users users(graph);
  for (Node& relu6 : graph.nodes()) {
    const auto* o = get_if<op::QuantizedRelu6>(relu6.op);
    if (o == nullptr || !is<op::QuantizedConv2d>(relu6.inputs[0]->op) || users.only(relu6.inputs[0]) != &relu6) continue;
    Node* conv = relu6.inputs[0];
    const ops::int8::CodeRange range{o->zero_point, o->six};
    const auto layer = get<op::QuantizedConv2d>(conv->op).layer;
    users.set_inputs(relu6, conv->inputs);
    relu6.parameters = {{"weight", layer->params().weight}};
    relu6.target = conv->target;
    relu6.op = op::Lowered{"QuantizedConv2dReLU6", [layer, range](std::span<const Tensor> in) { return (*layer)(in[0], range); },
                           [layer](const Shape& x) -> std::string { return name_of(layer->algorithm(x)); }};
    users.drop(conv);
  }
  users.erase_dropped();
}

op::Lowered of_one(const char* description, auto function) {
  return {description, [function](std::span<const Tensor> in) { return function(in[0]); }};
}

/// The channels-last twin of a node; nothing where its attributes allow none. One overload per op that says it has one.
struct ChannelsLast {
  const Node& node;
  FloatSums sums;
  using Twin = std::optional<op::Lowered>;

  Twin operator()(const op::Conv2d& o) const {
    if (has_kernel(node)) return lowered(node, o, sums, false, o.relu);
    const Tensor weight = node.parameter("weight");
    if (o.qat) return {};
    if (ops::DepthwiseConv2d::applies(weight.shape(), o.options)) return by<ops::DepthwiseConv2d>("DepthwiseConv2d", o);
    if (o.options.groups > 1 && ops::InferenceConv2d::available({})) return by<ops::GroupedConv2d>("GroupedConv2d", o);
    return {};
  }
  template <class Layer>
  Twin by(const std::string& name, const op::Conv2d& o) const {
    const Tensor weight = node.parameter("weight"), bias = node.parameter("bias");
    std::shared_ptr<const Layer> layer;
    if constexpr (std::is_same_v<Layer, ops::GroupedConv2d>)
      layer = std::make_shared<const Layer>(weight, bias, o.options, o.relu, sums);
    else
      layer = std::make_shared<const Layer>(weight, bias, o.options, o.relu);
    return op::Lowered{name + ", channels last", [layer](std::span<const Tensor> in) { return (*layer)(in[0]); }};
  }
  Twin operator()(const op::MaxPool2d& o) const {
    return of_one("MaxPool2d, channels last", [o](const Tensor& x) { return ops::max_pool2d_channels_last(x, o.options); });
  }
  Twin operator()(const op::AdaptiveAvgPool2d& o) const {
    return of_one("AdaptiveAvgPool2d, channels last",
                  [o](const Tensor& x) { return ops::adaptive_avg_pool2d_channels_last(x, o.output_size); });
  }
  Twin operator()(const op::AdaptiveMaxPool2d& o) const {
    return of_one("AdaptiveMaxPool2d, channels last",
                  [o](const Tensor& x) { return ops::adaptive_max_pool2d_channels_last(x, o.output_size); });
  }
  template <class Other>
  requires(Other::kInfo.layout.value != op::Layout::has_twin) Twin operator()(const Other&) const { return {}; }
};

std::optional<op::Lowered> channels_last(const Node& node, FloatSums sums) { return visit(ChannelsLast{node, sums}, node.op); }

bool is_elementwise(const Op& op) { return info(op).layout == op::Layout::any && info(op).takes == op::Values::floats; }

/// Follows which values are channels last, and converts where a node needs the other order.
class Layouts {
 public:
  Layouts(Graph& graph, FloatSums sums) : graph_(graph), sums_(sums) {}

  void apply() {
    for (Node& node : graph_.nodes()) {
      if (last_.contains(&node) || is_conversion(node)) continue;
      if (is<op::Lowered>(node.op)) {
        want(node, true);
      } else if (is_first_layer(node)) {
        node.op = lowered_from_planes(node, get<op::Conv2d>(node.op));
        last_.insert(&node);
      } else if (auto twin = channels_last(node, sums_); twin && (is<op::Conv2d>(node.op) || last_.contains(node.inputs[0]))) {
        node.op = *twin;
        want(node, true);
      } else if (is_elementwise(node.op) && last_.contains(node.inputs[0])) {
        want(node, true);
      } else {
        want(node, false);
      }
    }
  }

 private:
  /// A convolution of images as they are loaded.
  bool is_first_layer(const Node& node) const {
    constexpr int64_t kFewChannels = 4;
    return has_kernel(node) && !last_.contains(node.inputs[0]) && node.parameter("weight").size(1) <= kFewChannels;
  }
  bool is_conversion(const Node& node) const { return node.target == kConversion; }

  /// Gives the node its inputs in that order; if channels last, so is its result.
  void want(Node& node, bool channels_last) {
    for (Node*& input : node.inputs)
      if (last_.contains(input) != channels_last) input = converted(input, channels_last);
    if (channels_last) last_.insert(&node);
  }

  Node* converted(Node* node, bool channels_last) {
    Node*& made = conversions_[node];
    if (made) return made;
    made =
        graph_.insert_after(node, {.name = node->name + (channels_last ? "_channels_last" : "_channels_first"),
                                   .target = kConversion,
                                   .op = op::Lowered{channels_last ? "ToChannelsLast" : "ToChannelsFirst",
                                                     [channels_last](std::span<const Tensor> in) {
                                                       return channels_last ? to_channels_last(in[0]) : to_channels_first(in[0]);
                                                     }},
                                   .inputs = {node}});
    if (channels_last) last_.insert(made);
    return made;
  }

  static constexpr const char* kConversion = "to_memory_format";

  Graph& graph_;
  FloatSums sums_;
  std::unordered_set<const Node*> last_;
  std::unordered_map<const Node*, Node*> conversions_;
};

}  // namespace

Graph optimize_for_inference(const Graph& graph, Device device, FloatSums sums) {
  Graph fast = graph.clone();
  drop_contiguous(fast);
  fold_batch_norm(fast);
  fuse_relu(fast, Relus::all);
  if (device == Device::cuda) {
    fast = fast.to(device);
  } else {
    fuse_add(fast, sums);
    Layouts(fast, sums).apply();
  }
  fuse_quantized_add(fast);
  fuse_quantized_relu6(fast);
  return fast;
}

}  // namespace octet::nn
