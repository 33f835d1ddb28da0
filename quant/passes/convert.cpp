// From the observed graph to the int8 one, stage 6: each call asks its op's page (nn/graph/ops/) for its int8 form; what has none
// stays float between a dequantize and a quantize. PyTorch counterpart: torch/ao/quantization/fx/convert.py.
#include "quant/passes/convert.h"

#include <map>
#include <optional>

#include "nn/graph/ops.h"
#include "nn/graph/output_qparams.h"
#include "ops/engines/requantize.h"
#include "ops/int8/quantize.h"
#include "quant/passes/fake_quantize.h"
#include "quant/passes/patterns.h"

namespace octet::quant {
namespace {

namespace op = nn::op;
using nn::Node;

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
      else if (relu_of(prepared_, node) != nullptr)
        continue;  // made with its relu
      else if (Node* call = call_of_relu(prepared_, node))
        convert_int8(*call, &node);
      else
        convert_int8(node, nullptr);
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
      source.node->meta[meta::kObserver] = observer.name;
      made_[&observer] = {source.node, source.qparams, suffix};
      return;
    }
    const QParams qparams = source_.activation(observer);
    Node* quantize = out_.append({.name = "quantize_per_tensor" + suffix,
                                  .target = "quantize_per_tensor",
                                  .op = op::Quantize{qparams},
                                  .inputs = {source.node}});
    quantize->meta[meta::kObserver] = observer.name;
    made_[&observer] = {quantize, qparams, suffix};
  }

  /// Whose qparams a call's output has, by its page: its input's (of which others are derived), always the same, or what its own
  /// observer chose.
  QParams output_qparams(const Node& node, const Node* last, const std::vector<QParams>& in) {
    if (shares_qparams(node.op) || nn::info(node.op).scale == op::Scale::derived) return in[0];
    if (nn::info(node.op).scale == op::Scale::fixed) return nn::info(node.op).fixed;
    for (Node* user : prepared_.users(last))
      if (observer_of(*user)) return source_.activation(*user);
    fail("convert: '", last->name, "' has no observer behind it; insert_observers first");
  }

  /// relu: the node that ends the pattern, or null.
  void convert_int8(Node& node, Node* relu) {
    std::vector<Node*> inputs;
    op::Int8Form form{.in = {}, .output = {}, .relu = relu != nullptr, .engine = source_.engine};
    for (Node* input : node.inputs) {
      const Made& made = made_.at(input);
      OCTET_CHECK(made.qparams.has_value(), "convert: input '", input->name, "' of '", node.name, "' is not quantized");
      inputs.push_back(made.node);
      form.in.push_back(*made.qparams);
    }
    Node* last = relu ? relu : &node;
    form.output = output_qparams(node, last, form.in);
    if (nn::info(node.op).has_weight) form.weights = source_.weights(node);
    Node made{.name = node.name, .kind = node.kind, .target = node.target, .op = int8_form(node, form), .inputs = inputs};
    if (node.kind == nn::NodeKind::call_function && op::says_output(nn::info(node.op).scale)) {  // FX makes a new call
      made.target = str(function_name(node.op), relu ? "_relu" : "");
      made.name = prepared_.take_name(made.target);
      made.kind = nn::NodeKind::call_function;
    }
    for (const char* name : nn::info(made.op).parameters)
      if (name) made.parameters[name] = node.parameter(name);
    for (const char* name : nn::info(made.op).may_have)
      if (name && node.parameters.contains(name)) made.parameters[name] = node.parameter(name);
    const bool derived = nn::info(made.op).scale == op::Scale::derived;
    const QParams output = derived ? *nn::own_qparams(made.op) : form.output;
    made_[last] = {out_.append(std::move(made)), output, {}};
  }

  /// As torch.fx calls the function.
  static const char* function_name(const nn::Op& o) {
    if (const auto* affine = nn::get_if<op::Affine>(o)) return op::kAffineKinds[static_cast<size_t>(affine->kind)];
    return nn::is<op::GroupNorm>(o) ? "instance_norm" : nn::info(o).name.value;
  }

  static nn::Op int8_form(const Node& node, const op::Int8Form& form) {
    return nn::visit(
        [&]<class T>(const T& o) -> nn::Op {
          if constexpr (op::Quantizable<T>)
            return o.to_int8(form);
          else
            fail("convert: '", node.name, "' has no int8 op");
        },
        node.op);
  }

  void keep_float(Node& node) {
    Node kept{.name = node.name,
              .kind = node.kind,
              .target = node.target,
              .op = node.op,
              .parameters = node.parameters,
              .quantizable = node.quantizable};
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
