// One overload per op, which the compiler asks for: the calls that it becomes (quant/formats/onnx_forms.h has the longer ones).
#include "quant/formats/to_onnx.h"

#include "nn/graph/executor.h"
#include "nn/graph/ops.h"
#include "nn/graph/output_qparams.h"
#include "nn/graph/print.h"
#include "ops/engines/requantize.h"
#include "quant/formats/onnx_forms.h"

namespace octet::quant {
namespace {

namespace op = nn::op;
using ops::Size2;
using ops::int8::QParams;
using Attributes = OnnxAttributes;
using Names = OnnxNames;

Attributes windows(Size2 kernel, Size2 stride, Size2 padding) {
  Attributes a;
  a.integers("kernel_shape", {kernel.h, kernel.w}).integers("strides", {stride.h, stride.w});
  return a.integers("pads", {padding.h, padding.w, padding.h, padding.w});
}

class Writer {
 public:
  /// shapes: of every node's result (int8 images as [N, H, W, C]).
  Writer(const std::map<const nn::Node*, Shape>& shapes, bool one_input) : shapes_(shapes), one_input_(one_input) {}

  void node(const nn::Node& node) {
    node_ = &node;
    graph_.begin(node.name);
    inputs_.clear();
    for (const nn::Node* input : node.inputs) inputs_.push_back(values_.at(input));
    if (node.kind == nn::NodeKind::placeholder) {
      values_[&node] = one_input_ ? "input" : node.name;
      graph_.input(values_[&node], shapes_.at(&node));
    } else if (node.kind == nn::NodeKind::output) {
      for (size_t i = 0; i < inputs_.size(); ++i) {
        const std::string name = inputs_.size() == 1 ? "logits" : str("output_", i, "_", node.inputs[i]->name);
        call("Identity", {inputs_[i]}, name);
        graph_.output(name, shapes_.at(node.inputs[i]));
      }
    } else {
      std::string value = nn::visit([&](const auto& o) { return write(o); }, node.op);
      if (const auto q = nn::output_qparams(node)) value = quantized(std::move(value), *q);
      values_[&node] = std::move(value);
    }
  }

  const OnnxGraph& graph() const { return graph_; }

 private:
  // Each writes the calls of one op and returns the float value's name.
  std::string write(const op::Quantize&) { return inputs_.at(0); }
  std::string write(const op::Dequantize&) { return inputs_.at(0); }  // as it is: what is quantized is dequantized at once
  std::string write(const op::Dropout&) { return inputs_.at(0); }
  std::string write(const op::QuantizedDropout&) { return inputs_.at(0); }
  std::string write(const op::QuantizedConv2d& o) {
    const auto& p = o.layer->params();
    const Names parameters = quantized_parameters(p, p.weight.size(0), o.layer->requantization().bias_i32);
    return activated(conv("Conv", p.weight, p.options, parameters), p.relu);
  }
  std::string write(const op::QuantizedConvTranspose2d& o) {
    const auto& p = o.layer->params();
    return conv("ConvTranspose", p.weight, p.options,
                quantized_parameters(p, p.weight.size(1) * p.options.groups, o.layer->bias_i32()));
  }
  std::string write(const op::QuantizedLinear& o) {
    const auto& p = o.layer->params();
    return activated(gemm(quantized_parameters(p, p.weight.size(0), o.layer->requantization().bias_i32)), p.relu);
  }
  std::string write(const op::Conv2d& o) {
    return activated(conv("Conv", node_->parameter("weight"), o.options, float_parameters()), o.relu);
  }
  std::string write(const op::ConvTranspose2d& o) {
    return conv("ConvTranspose", node_->parameter("weight"), o.options, float_parameters());
  }
  std::string write(const op::Linear& o) { return activated(gemm(float_parameters()), o.relu); }
  std::string write(const op::QuantizedAdd& o) { return activated(call("Add", inputs_), o.params.relu); }
  std::string write(const op::Add&) { return call("Add", inputs_); }
  std::string write(const op::QuantizedCat&) { return cat(); }
  std::string write(const op::Cat&) { return cat(); }
  std::string write(const op::QuantizedRelu&) { return call("Relu", inputs_); }
  std::string write(const op::Relu&) { return call("Relu", inputs_); }
  std::string write(const op::QuantizedRelu6&) { return clip(0, 6); }
  std::string write(const op::Relu6&) { return clip(0, 6); }
  std::string write(const op::QuantizedSigmoid&) { return call("Sigmoid", inputs_); }
  std::string write(const op::Sigmoid&) { return call("Sigmoid", inputs_); }
  std::string write(const op::QuantizedTanh&) { return call("Tanh", inputs_); }
  std::string write(const op::Tanh&) { return call("Tanh", inputs_); }
  std::string write(const op::QuantizedHardsigmoid&) { return onnx_hardsigmoid(graph_, inputs_.at(0)); }
  std::string write(const op::Hardsigmoid&) { return onnx_hardsigmoid(graph_, inputs_.at(0)); }
  std::string write(const op::QuantizedHardswish&) { return hardswish(); }
  std::string write(const op::Hardswish&) { return hardswish(); }
  std::string write(const op::Silu&) { return silu(); }
  std::string write(const op::Gelu& o) { return onnx_gelu(graph_, inputs_.at(0), o.by_tanh); }
  std::string write(const op::QuantizedLeakyRelu& o) { return leaky_relu(o.negative_slope); }
  std::string write(const op::LeakyRelu& o) { return leaky_relu(o.negative_slope); }
  std::string write(const op::QuantizedHardtanh& o) { return clip(o.low, o.high); }
  std::string write(const op::Hardtanh& o) { return clip(o.low, o.high); }
  std::string write(const op::QuantizedActivation& o) { return activation(o.function); }
  std::string write(const op::QuantizedView& o) { return onnx_view(graph_, inputs_.at(0), o.channels, image_size_int8()); }
  std::string write(const op::View& o) { return onnx_view(graph_, inputs_.at(0), o.channels, image_size()); }
  std::string write(const op::QuantizedPermute& o) { return onnx_permute(graph_, inputs_.at(0), o.dims); }
  std::string write(const op::Permute& o) { return onnx_permute(graph_, inputs_.at(0), o.dims); }
  std::string write(const op::QuantizedContiguous&) { return inputs_.at(0); }
  std::string write(const op::Contiguous&) { return inputs_.at(0); }
  std::string write(const op::Slice& o) { return onnx_slice(graph_, inputs_.at(0), o.begin, o.end); }
  std::string write(const op::QuantizedElu& o) { return elu(o.alpha); }
  std::string write(const op::Elu& o) { return elu(o.alpha); }
  std::string write(const op::QuantizedSoftmax&) { return softmax(); }
  std::string write(const op::Softmax&) { return softmax(); }
  std::string write(const op::PRelu&) { return onnx_prelu(graph_, inputs_.at(0), input_shape(), node_->parameter("weight")); }
  std::string write(const op::Affine& o) {
    return onnx_affine(graph_, inputs_.at(0), input_shape(), o, node_->parameter("constant"));
  }
  std::string write(const op::LayerNorm& o) { return onnx_layer_norm(graph_, inputs_.at(0), o, node_->parameters); }
  std::string write(const op::QuantizedLayerNorm& o) {
    return onnx_layer_norm(graph_, inputs_.at(0), {o.normalized_shape, o.codes.eps}, node_->parameters);
  }
  std::string write(const op::GroupNorm& o) {
    return onnx_group_norm(graph_, inputs_.at(0), input_shape(), o, node_->parameters);
  }
  std::string write(const op::QuantizedInstanceNorm& o) {
    return onnx_group_norm(graph_, inputs_.at(0), channels_first(input_shape()), {0, o.codes.eps}, node_->parameters);
  }
  std::string write(const op::QuantizedAffine& o) {
    const auto kind = o.multiplies ? op::AffineKind::multiply : op::AffineKind::add;
    const Tensor constant = Tensor::full({1}, static_cast<float>(o.number));
    return activated(onnx_affine(graph_, inputs_.at(0), {}, {kind}, constant), o.relu);
  }
  std::string write(const op::QuantizedInterpolate& o) {
    return onnx_interpolate(graph_, inputs_.at(0), image_size_int8(), o.options);
  }
  std::string write(const op::Interpolate& o) { return onnx_interpolate(graph_, inputs_.at(0), image_size(), o.options); }
  std::string write(const op::Pad& o) { return onnx_pad(graph_, inputs_.at(0), o.options); }
  std::string write(const op::QuantizedMul& o) { return activated(call("Mul", inputs_), o.params.relu); }
  std::string write(const op::Mul&) { return call("Mul", inputs_); }
  std::string write(const op::QuantizedAvgPool2d& o) { return avg_pool(o.options); }
  std::string write(const op::AvgPool2d& o) { return avg_pool(o.options); }
  std::string write(const op::QuantizedMean& o) { return mean(o.keepdim, o.as_2_3); }
  std::string write(const op::Mean& o) { return mean(o.keepdim, o.as_2_3); }
  std::string write(const op::QuantizedFlatten&) { return flatten(); }
  std::string write(const op::Flatten&) { return flatten(); }
  std::string write(const op::QuantizedMaxPool2d& o) { return max_pool(o.options); }
  std::string write(const op::MaxPool2d& o) { return max_pool(o.options); }
  std::string write(const op::QuantizedAdaptiveAvgPool2d& o) { return adaptive("AveragePool", image_size_int8(), o.output_size); }
  std::string write(const op::AdaptiveAvgPool2d& o) { return adaptive("AveragePool", image_size(), o.output_size); }
  std::string write(const op::AdaptiveMaxPool2d& o) { return adaptive("MaxPool", image_size(), o.output_size); }
  std::string write(const op::QuantizedBatchNorm& o) { return activated(batch_norm(o.eps), o.codes.relu); }
  std::string write(const op::BatchNorm& o) { return activated(batch_norm(o.eps), o.relu); }
  std::string write(const op::Placeholder&) { return refused(); }
  std::string write(const op::Output&) { return refused(); }
  std::string write(const op::Function&) { return refused(); }
  std::string write(const op::Lowered&) { return refused(); }

  std::string refused() {
    fail("ONNX: ", node_->name, ", ", nn::type_name(*node_), ", has no form there; expected a graph of trace() or convert()");
  }

  /// Of a convolution or a transposed one.
  template <class Options>
  std::string conv(const char* type, const Tensor& weight, const Options& o, const Names& parameters) {
    Names values = inputs_;
    values.insert(values.end(), parameters.begin(), parameters.end());
    Attributes attributes = windows({weight.size(2), weight.size(3)}, o.stride, o.padding).integer("group", o.groups);
    if (o.dilation != Size2(1)) attributes.integers("dilations", {o.dilation.h, o.dilation.w});
    if constexpr (requires { o.output_padding; })
      if (o.output_padding != Size2(0)) attributes.integers("output_padding", {o.output_padding.h, o.output_padding.w});
    return call(type, values, {}, attributes);
  }
  /// x [N, C] * weight [K, C] transposed + bias.
  std::string gemm(const Names& parameters) {
    Names values = inputs_;
    values.insert(values.end(), parameters.begin(), parameters.end());
    return call("Gemm", values, {}, Attributes().integer("transB", 1));
  }
  std::string activated(std::string value, bool relu) { return relu ? call("Relu", {value}) : value; }
  std::string cat() { return call("Concat", inputs_, {}, Attributes().integer("axis", 1)); }
  std::string flatten() { return call("Flatten", inputs_, {}, Attributes().integer("axis", 1)); }
  std::string clip(float low, float high) { return onnx_clip(graph_, inputs_.at(0), low, high); }
  std::string hardswish() { return call("Mul", {inputs_.at(0), onnx_hardsigmoid(graph_, inputs_.at(0))}); }
  std::string silu() { return call("Mul", {inputs_.at(0), call("Sigmoid", inputs_)}); }
  std::string activation(ops::Activation f) {
    switch (f.kind) {  // no default: the compiler asks for one that is left out
      case ops::Activation::relu:
        return call("Relu", inputs_);
      case ops::Activation::relu6:
        return clip(0, 6);
      case ops::Activation::sigmoid:
        return call("Sigmoid", inputs_);
      case ops::Activation::tanh:
        return call("Tanh", inputs_);
      case ops::Activation::hardsigmoid:
        return onnx_hardsigmoid(graph_, inputs_.at(0));
      case ops::Activation::hardswish:
        return hardswish();
      case ops::Activation::silu:
        return silu();
      case ops::Activation::gelu:
      case ops::Activation::gelu_tanh:
        return onnx_gelu(graph_, inputs_.at(0), f.kind == ops::Activation::gelu_tanh);
      case ops::Activation::hardtanh:
        return clip(f.a, f.b);
      case ops::Activation::leaky_relu:
        return leaky_relu(f.a);
      case ops::Activation::elu:
        return elu(f.a);
    }
    return refused();
  }
  std::string leaky_relu(float slope) { return call("LeakyRelu", inputs_, {}, Attributes().real("alpha", slope)); }
  std::string elu(float alpha) { return call("Elu", inputs_, {}, Attributes().real("alpha", alpha)); }
  std::string softmax() { return call("Softmax", inputs_, {}, Attributes().integer("axis", 1)); }
  std::string batch_norm(float eps) {
    Names values = inputs_;
    for (const char* key : {"weight", "bias", "running_mean", "running_var"})
      values.push_back(initializer(key, node_->parameter(key)));
    return call("BatchNormalization", values, {}, Attributes().real("epsilon", eps));
  }
  std::string mean(bool keepdim, bool as_2_3) {
    const std::vector<int64_t> axes = as_2_3 ? std::vector<int64_t>{2, 3} : std::vector<int64_t>{-2, -1};
    return call("ReduceMean", inputs_, {}, Attributes().integers("axes", axes).integer("keepdims", keepdim));
  }
  std::string max_pool(const ops::MaxPool2dOptions& o) {
    Attributes attributes = windows(o.kernel, o.stride, o.padding);
    if (o.ceil_mode) attributes.integer("ceil_mode", 1);
    if (o.dilation != Size2(1)) attributes.integers("dilations", {o.dilation.h, o.dilation.w});
    return call("MaxPool", inputs_, {}, attributes);
  }
  std::string avg_pool(const ops::AvgPool2dOptions& o) {
    OCTET_CHECK(o.divisor_override == 0, "ONNX: ", node_->name, " divides by ", o.divisor_override,
                " (divisor_override), for which ONNX has no operator");
    Attributes attributes = windows(o.kernel, o.stride, o.padding).integer("count_include_pad", o.count_include_pad);
    if (o.ceil_mode) attributes.integer("ceil_mode", 1);
    return call("AveragePool", inputs_, {}, attributes);
  }
  std::string adaptive(const char* pool, Size2 size, Size2 output) {
    if (output == Size2(1)) return call(std::string("Global") + pool, inputs_);
    OCTET_CHECK(size.h % output.h == 0 && size.w % output.w == 0, "ONNX: ", node_->name, " makes ", output, " of ", size,
                " pixels, by windows of different sizes, for which ONNX has no operator; give images whose sizes divide");
    const Size2 window{size.h / output.h, size.w / output.w};
    return call(pool, inputs_, {}, windows(window, window, 0));
  }

  const Shape& input_shape() const { return shapes_.at(node_->inputs.at(0)); }
  Size2 image_size() const {
    const Shape& s = input_shape();
    return {s.at(s.size() - 2), s.at(s.size() - 1)};
  }
  Size2 image_size_int8() const {
    const Shape& s = input_shape();
    return {s.at(1), s.at(2)};
  }

  Names float_parameters() {
    OCTET_CHECK(nn::qat_of(node_->op) == nullptr, "ONNX: ", node_->name, " is in training; convert the graph first");
    Names names = {initializer("weight", node_->parameter("weight"))};
    if (node_->parameter("bias").defined()) names.push_back(initializer("bias", node_->parameter("bias")));
    return names;
  }
  /// K: its output channels. bias_i32: its bias in the sum's steps, where its rule has one.
  Names quantized_parameters(const ops::int8::QuantizedLayer& p, int64_t K, const std::vector<int32_t>& bias_i32) {
    const bool per_channel = p.weight_scale.size() > 1;
    const Tensor scale = Tensor::from(p.weight_scale, per_channel ? Shape{K} : Shape{});
    Names names = {call("DequantizeLinear",
                        {initializer("weight", p.weight), initializer("weight_scale", scale),
                         initializer("weight_zero_point", Tensor::zeros(scale.shape(), DType::i8))},
                        node_->name + "_weight_dequantized", per_channel ? Attributes().integer("axis", 0) : Attributes())};
    if (!p.bias.defined()) return names;
    if (!has_int32_bias(ops::int8::rules_of(p.engine).conv2d)) {
      names.push_back(initializer("bias", p.bias));
      return names;
    }
    std::vector<float> bias_scale;
    for (float sw : p.weight_scale) bias_scale.push_back(p.input.scale * sw);
    names.push_back(call("DequantizeLinear",
                         {initializer("bias", Tensor::from(bias_i32, {K}, DType::i32)),
                          initializer("bias_scale", Tensor::from(bias_scale, scale.shape()))},
                         node_->name + "_bias_dequantized", per_channel ? Attributes().integer("axis", 0) : Attributes()));
    return names;
  }

  /// The node's codes, and the value that they stand for.
  std::string quantized(std::string value, QParams q) {
    const Names qparams = {
        initializer("scale", Tensor::full({}, q.scale)),
        initializer("zero_point", Tensor::from(std::vector<uint8_t>{static_cast<uint8_t>(q.zero_point)}, {}, DType::u8))};
    const std::string codes = call("QuantizeLinear", {value, qparams[0], qparams[1]}, node_->name + "_codes");
    return call("DequantizeLinear", {codes, qparams[0], qparams[1]}, node_->name + "_dequantized");
  }

  std::string call(const std::string& type, const Names& inputs, const std::string& output = {},
                   const Attributes& attributes = {}) {
    return graph_.call(type, inputs, output, attributes);
  }
  std::string initializer(const char* what, const Tensor& t) { return graph_.initializer(what, t); }

  const std::map<const nn::Node*, Shape>& shapes_;
  bool one_input_;
  const nn::Node* node_ = nullptr;
  Names inputs_;                                   // float values that the node reads
  std::map<const nn::Node*, std::string> values_;  // the float value of each node's result
  OnnxGraph graph_;
};

/// Of one image of each input.
std::map<const nn::Node*, Shape> shapes_of(const nn::Graph& graph, const std::vector<Shape>& images) {
  std::map<const nn::Node*, Shape> shapes;
  for (const nn::Node& node : graph.nodes())
    OCTET_CHECK(!nn::is<nn::op::Function>(node.op), "ONNX: ", node.name,
                " is an observer or fake quantization; convert the graph first");
  const std::vector<const nn::Node*> inputs = graph.placeholders();
  OCTET_CHECK(inputs.size() == images.size(), "ONNX: ", images.size(), " shapes for ", inputs.size(), " inputs");
  std::vector<Tensor> zeros;
  for (size_t i = 0; i < images.size(); ++i) {
    Shape x = images[i];
    x.insert(x.begin(), 1);
    shapes[inputs[i]] = x;
    zeros.push_back(Tensor::zeros(x));
  }
  nn::run_all(graph, zeros, [&](const nn::Node& node, const Tensor& result) { shapes[&node] = result.shape(); });
  return shapes;
}

}  // namespace

std::string to_onnx(const nn::Graph& graph, const std::vector<Shape>& images,
                    const std::map<std::string, std::string>& metadata) {
  const std::map<const nn::Node*, Shape> shapes = shapes_of(graph, images);
  Writer writer(shapes, images.size() == 1);
  for (const nn::Node& node : graph.nodes()) writer.node(node);
  return writer.graph().model(metadata);
}

}  // namespace octet::quant
