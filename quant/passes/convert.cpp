#include "quant/passes/convert.h"

#include <map>
#include <optional>

#include "ops/engines/requantize.h"
#include "ops/int8/quantize.h"
#include "quant/passes/fake_quantize.h"
#include "quant/passes/patterns.h"

namespace octet::quant {
namespace {

namespace op = nn::op;
using nn::Node;
using nn::NodeKind;

/// Walks the prepared graph once and writes the int8 graph.
class Converter {
 public:
  Converter(nn::Graph prepared, const ConversionSource& source) : prepared_(std::move(prepared)), source_(source) {}

  nn::Graph convert() {
    for (Node& node : prepared_.nodes()) {
      if (observer_of(node))
        convert_observer(node);
      else if (nn::is<op::Placeholder>(node.op))
        made_[&node] = {out_.append({.name = node.name, .kind = node.kind, .target = node.target, .op = node.op}), {}, {}};
      else if (!is_quantized(node))
        keep_float(node);
      else if (relu_of_add(prepared_, node) != nullptr)
        continue;  // made with its relu
      else if (Node* add = add_of_relu(prepared_, node))
        convert_add(*add, &node);
      else
        convert_int8(node);
    }
    return std::move(out_);
  }

 private:
  /// What a node of the prepared graph became.
  struct Made {
    Node* node;
    std::optional<QParams> qparams;  // set when the value is quint8
    std::string suffix;              // of the observer: "", "_1", ... as FX numbers quantize and dequantize nodes
  };

  void convert_observer(Node& observer) {
    const Made source = made_.at(observer.inputs[0]);
    const std::string suffix = observer_count_ == 0 ? "" : "_" + std::to_string(observer_count_);
    ++observer_count_;
    if (source.qparams) {
      source.node->observer = observer.name;
      made_[&observer] = {source.node, source.qparams, suffix};
      return;
    }
    const QParams qparams = source_.activation(observer);
    Node* quantize = out_.append({.name = "quantize_per_tensor" + suffix,
                                  .target = "quantize_per_tensor",
                                  .op = op::Quantize{qparams},
                                  .inputs = {source.node}});
    quantize->observer = observer.name;
    made_[&observer] = {quantize, qparams, suffix};
  }

  /// The qparams that this call's own observer chose for its output.
  QParams observed_qparams(const Node* last) {
    for (Node* user : prepared_.users(last))
      if (observer_of(*user)) return source_.activation(*user);
    fail("convert: '", last->name, "' has no observer behind it; insert_observers first");
  }

  void convert_int8(Node& node) {
    std::vector<Node*> inputs;
    std::vector<QParams> in;
    for (Node* input : node.inputs) {
      const Made& made = made_.at(input);
      OCTET_CHECK(made.qparams.has_value(), "convert: input '", input->name, "' of '", node.name, "' is not quantized");
      inputs.push_back(made.node);
      in.push_back(*made.qparams);
    }
    QParams output = in[0];
    nn::Op int8_op;
    if (const auto* conv = std::get_if<op::Conv2d>(&node.op)) {
      output = observed_qparams(&node);
      LayerWeights w = source_.weights(node);
      int8_op = op::QuantizedConv2d{std::make_shared<const ops::int8::Conv2d>(ops::int8::Conv2dParams{
          {std::move(w.codes), std::move(w.scale), std::move(w.bias), conv->relu, source_.engine, in[0], output},
          conv->options})};
    } else if (const auto* linear = std::get_if<op::Linear>(&node.op)) {
      output = observed_qparams(&node);
      LayerWeights w = source_.weights(node);
      int8_op = op::QuantizedLinear{std::make_shared<const ops::int8::Linear>(ops::int8::LinearParams{
          std::move(w.codes), std::move(w.scale), std::move(w.bias), linear->relu, source_.engine, in[0], output})};
    } else if (nn::is<op::Add>(node.op)) {
      return convert_add(node, nullptr);
    } else if (nn::is<op::Relu>(node.op)) {
      int8_op = op::QuantizedRelu{in[0].zero_point};
    } else if (nn::is<op::Relu6>(node.op)) {
      const int32_t six =
          ops::int8::quantize_value(6.0f, 1.0f / in[0].scale, in[0].zero_point, ops::int8::code_range(DType::quint8));
      int8_op = op::QuantizedRelu6{in[0].zero_point, six};
    } else if (const auto* pool = std::get_if<op::MaxPool2d>(&node.op)) {
      int8_op = op::QuantizedMaxPool2d{pool->options};
    } else if (const auto* average = std::get_if<op::AdaptiveAvgPool2d>(&node.op)) {
      int8_op = op::QuantizedAdaptiveAvgPool2d{average->output, in[0], source_.engine};
    } else if (const auto* dropout = std::get_if<op::Dropout>(&node.op)) {
      int8_op = op::QuantizedDropout{dropout->p};
    } else if (nn::is<op::Cat>(node.op)) {
      int8_op = op::QuantizedCat{in, in[0]};
    } else {
      OCTET_CHECK(nn::is<op::Flatten>(node.op), "convert: '", node.name, "' has no int8 op");
      int8_op = op::QuantizedFlatten{};
    }
    made_[&node] = {
        out_.append({.name = node.name, .kind = node.kind, .target = node.target, .op = int8_op, .inputs = inputs}), output, {}};
  }

  /// relu: the node that ends the pattern, or null.
  void convert_add(Node& add, Node* relu) {
    const Made a = made_.at(add.inputs.at(0)), b = made_.at(add.inputs.at(1));
    OCTET_CHECK(a.qparams && b.qparams, "convert: an input of '", add.name, "' is not quantized");
    Node* last = relu ? relu : &add;
    const QParams output = observed_qparams(last);
    const char* name = relu ? "add_relu" : "add";
    made_[last] = {out_.append({.name = prepared_.take_name(name),
                                .target = name,
                                .op = op::QuantizedAdd{{*a.qparams, *b.qparams, output, relu != nullptr, source_.engine}},
                                .inputs = {a.node, b.node}}),
                   output,
                   {}};
  }

  void keep_float(Node& node) {
    Node kept{.name = node.name, .kind = node.kind, .target = node.target, .op = node.op, .parameters = node.parameters};
    for (Node* input : node.inputs) kept.inputs.push_back(float_value(input));
    made_[&node] = {out_.append(std::move(kept)), {}, {}};
  }

  Node* float_value(Node* input) {
    const Made& made = made_.at(input);
    if (!made.qparams) return made.node;
    Node*& dequantized = dequantized_[made.node];
    if (dequantized == nullptr)
      dequantized = out_.insert_after(made.node, {.name = "dequantize" + made.suffix,
                                                  .target = "dequantize",
                                                  .op = op::Dequantize{*made.qparams},
                                                  .inputs = {made.node}});
    return dequantized;
  }

  nn::Graph prepared_;
  const ConversionSource& source_;
  nn::Graph out_;
  std::map<const Node*, Made> made_;
  std::map<const Node*, Node*> dequantized_;
  int observer_count_ = 0;
};

}  // namespace

nn::Graph convert(const nn::Graph& prepared, const ConversionSource& source) {
  return Converter(prepared.clone(), source).convert();
}

LayerWeights quantized_weights(const Node& layer, const QConfigMapping& mapping) {
  const Tensor weight = layer.parameter("weight");
  std::vector<float> scale = layer_scales(layer, mapping);
  Tensor codes = ops::int8::quantize_weight(weight, scale);
  return {std::move(codes), std::move(scale), layer.parameter("bias")};
}

nn::Graph convert(const nn::Graph& prepared, const QConfigMapping& mapping) {
  return convert(prepared, {.activation = calibrated_qparams,
                            .weights = [&](const Node& layer) { return quantized_weights(layer, mapping); },
                            .engine = mapping.engine()});
}

}  // namespace octet::quant
