#include "quant/formats/to_onnx.h"

#include <numeric>

#include "nn/graph/executor.h"
#include "nn/graph/output_qparams.h"
#include "nn/graph/print.h"
#include "ops/engines/requantize.h"
#include "quant/formats/protobuf.h"

namespace octet::quant {
namespace {

namespace op = nn::op;
using ops::Size2;
using ops::int8::QParams;
using Names = std::vector<std::string>;

// Numbers of fields and types in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
namespace field {
enum Model : uint32_t { kIrVersion = 1, kProducerName = 2, kGraph = 7, kOpsetImport = 8, kMetadataProps = 14 };
enum Opset : uint32_t { kDomain = 1, kVersion = 2 };
enum Metadata : uint32_t { kKey = 1, kValue = 2 };
enum Graph : uint32_t { kNode = 1, kGraphName = 2, kInitializer = 5, kInput = 11, kOutput = 12 };
enum Node : uint32_t { kNodeInput = 1, kNodeOutput = 2, kNodeName = 3, kOpType = 4, kAttribute = 5 };
enum Attribute : uint32_t { kAttributeName = 1, kF = 2, kI = 3, kInts = 8, kAttributeType = 20 };
enum Tensor : uint32_t { kDims = 1, kDataType = 2, kTensorName = 8, kRawData = 9 };
enum ValueInfo : uint32_t { kValueName = 1, kType = 2 };
enum Type : uint32_t { kTensorType = 1 };
enum TensorType : uint32_t { kElemType = 1, kShape = 2 };
enum ShapeAndDim : uint32_t { kDim = 1, kDimValue = 1, kDimParam = 2 };
}  // namespace field
enum class Type : int64_t { f32 = 1, u8 = 2, i8 = 3, i32 = 6, i64 = 7 };
enum class AttributeType : int64_t { f = 1, i = 2, ints = 7 };
constexpr int64_t kIrVersion = 7, kOpset = 13;

struct Attributes {
  std::vector<ProtobufMessage> all;

  Attributes& integer(const char* name, int64_t value) {
    return add(name, AttributeType::i, [&](ProtobufMessage& m) { m.integer(field::kI, value); });
  }
  Attributes& real(const char* name, float value) {
    return add(name, AttributeType::f, [&](ProtobufMessage& m) { m.real(field::kF, value); });
  }
  Attributes& integers(const char* name, const std::vector<int64_t>& values) {
    return add(name, AttributeType::ints, [&](ProtobufMessage& m) {
      for (int64_t v : values) m.integer(field::kInts, v);
    });
  }

 private:
  template <class Write>
  Attributes& add(const char* name, AttributeType type, Write write) {
    ProtobufMessage m;
    m.text(field::kAttributeName, name);
    write(m);
    all.push_back(m.integer(field::kAttributeType, static_cast<int64_t>(type)));
    return *this;
  }
};

Attributes windows(Size2 kernel, Size2 stride, Size2 padding) {
  Attributes a;
  a.integers("kernel_shape", {kernel.h, kernel.w}).integers("strides", {stride.h, stride.w});
  return a.integers("pads", {padding.h, padding.w, padding.h, padding.w});
}

/// float32 [N, C, H, W] (or whatever follows N) as ONNX declares it.
ProtobufMessage value_info(const std::string& name, const Shape& shape) {
  ProtobufMessage dims;
  dims.message(field::kDim, ProtobufMessage().text(field::kDimParam, "N"));
  for (size_t d = 1; d < shape.size(); ++d) dims.message(field::kDim, ProtobufMessage().integer(field::kDimValue, shape[d]));
  ProtobufMessage tensor, type, info;
  tensor.integer(field::kElemType, static_cast<int64_t>(Type::f32)).message(field::kShape, dims);
  type.message(field::kTensorType, tensor);
  return info.text(field::kValueName, name).message(field::kType, type);
}

class Writer {
 public:
  /// shapes: of every node's result (int8 images as [N, H, W, C]).
  explicit Writer(const std::map<const nn::Node*, Shape>& shapes) : shapes_(shapes) {}

  void node(const nn::Node& node) {
    node_ = &node;
    inputs_.clear();
    for (const nn::Node* input : node.inputs) inputs_.push_back(values_.at(input));
    if (node.kind == nn::NodeKind::placeholder) {
      values_[&node] = "input";
      graph_.message(field::kInput, value_info("input", shapes_.at(&node)));
    } else if (node.kind == nn::NodeKind::output) {
      call("Identity", inputs_, "logits");
      graph_.message(field::kOutput, value_info("logits", shapes_.at(node.inputs.at(0))));
    } else {
      std::string value = std::visit([&](const auto& o) { return write(o); }, node.op);
      if (const auto q = nn::output_qparams(node)) value = quantized(std::move(value), *q);
      values_[&node] = std::move(value);
    }
  }

  const ProtobufMessage& graph() const { return graph_; }

 private:
  // Each writes the calls of one op and returns the float value's name.
  std::string write(const op::Quantize&) { return inputs_.at(0); }
  std::string write(const op::Dequantize&) { return inputs_.at(0); }  // as it is: what is quantized is dequantized at once
  std::string write(const op::Dropout&) { return inputs_.at(0); }
  std::string write(const op::QuantizedDropout&) { return inputs_.at(0); }
  std::string write(const op::QuantizedConv2d& o) {
    const auto& p = o.layer->params();
    return activated(conv(p.options, p.weight.shape(), quantized_parameters(p, o.layer->requantization())), p.relu);
  }
  std::string write(const op::QuantizedLinear& o) {
    return activated(gemm(quantized_parameters(o.layer->params(), o.layer->requantization())), o.layer->params().relu);
  }
  std::string write(const op::Conv2d& o) {
    return activated(conv(o.options, node_->parameter("weight").shape(), float_parameters()), o.relu);
  }
  std::string write(const op::Linear& o) { return activated(gemm(float_parameters()), o.relu); }
  std::string write(const op::QuantizedAdd& o) { return activated(call("Add", inputs_), o.params.relu); }
  std::string write(const op::Add&) { return call("Add", inputs_); }
  std::string write(const op::QuantizedCat&) { return cat(); }
  std::string write(const op::Cat&) { return cat(); }
  std::string write(const op::QuantizedRelu&) { return call("Relu", inputs_); }
  std::string write(const op::Relu&) { return call("Relu", inputs_); }
  std::string write(const op::QuantizedRelu6&) { return relu6(); }
  std::string write(const op::Relu6&) { return relu6(); }
  std::string write(const op::QuantizedSigmoid&) { return call("Sigmoid", inputs_); }
  std::string write(const op::Sigmoid&) { return call("Sigmoid", inputs_); }
  std::string write(const op::QuantizedTanh&) { return call("Tanh", inputs_); }
  std::string write(const op::Tanh&) { return call("Tanh", inputs_); }
  std::string write(const op::QuantizedHardsigmoid&) { return hardsigmoid(); }
  std::string write(const op::Hardsigmoid&) { return hardsigmoid(); }
  std::string write(const op::QuantizedHardswish&) { return hardswish(); }
  std::string write(const op::Hardswish&) { return hardswish(); }
  std::string write(const op::Silu&) { return silu(); }
  std::string write(const op::Gelu& o) { return gelu(o.by_tanh); }
  std::string write(const op::QuantizedLeakyRelu& o) { return leaky_relu(o.negative_slope); }
  std::string write(const op::LeakyRelu& o) { return leaky_relu(o.negative_slope); }
  std::string write(const op::QuantizedHardtanh& o) { return clip(o.low, o.high); }
  std::string write(const op::Hardtanh& o) { return clip(o.low, o.high); }
  std::string write(const op::QuantizedActivation& o) { return activation(o.function); }
  std::string write(const op::QuantizedView& o) { return view(o.channels, image_size_int8()); }
  std::string write(const op::View& o) { return view(o.channels, image_size()); }
  std::string write(const op::QuantizedPermute& o) { return permute(o.dims); }
  std::string write(const op::Permute& o) { return permute(o.dims); }
  std::string write(const op::QuantizedContiguous&) { return inputs_.at(0); }
  std::string write(const op::Contiguous&) { return inputs_.at(0); }
  std::string write(const op::Slice& o) {
    return call("Slice", {inputs_.at(0), integers("begin", {o.begin}), integers("end", {o.end}), integers("axis", {1})});
  }
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

  std::string conv(const ops::Conv2dOptions& o, const Shape& weight, const Names& parameters) {
    Names values = inputs_;
    values.insert(values.end(), parameters.begin(), parameters.end());
    Attributes attributes = windows({weight.at(2), weight.at(3)}, o.stride, o.padding).integer("group", o.groups);
    if (o.dilation != Size2(1)) attributes.integers("dilations", {o.dilation.h, o.dilation.w});
    return call("Conv", values, {}, attributes);
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
  std::string relu6() { return clip(0, 6); }
  std::string clip(float low, float high) {
    return call("Clip", {inputs_.at(0), initializer("min", Tensor::full({}, low)), initializer("max", Tensor::full({}, high))});
  }
  std::string hardswish() { return call("Mul", {inputs_.at(0), hardsigmoid()}); }
  std::string silu() { return call("Mul", {inputs_.at(0), call("Sigmoid", inputs_)}); }
  std::string activation(ops::Activation f) {
    switch (f.kind) {  // no default: the compiler asks for one that is left out
      case ops::Activation::relu:
        return call("Relu", inputs_);
      case ops::Activation::relu6:
        return relu6();
      case ops::Activation::sigmoid:
        return call("Sigmoid", inputs_);
      case ops::Activation::tanh:
        return call("Tanh", inputs_);
      case ops::Activation::hardsigmoid:
        return hardsigmoid();
      case ops::Activation::hardswish:
        return hardswish();
      case ops::Activation::silu:
        return silu();
      case ops::Activation::gelu:
      case ops::Activation::gelu_tanh:
        return gelu(f.kind == ops::Activation::gelu_tanh);
      case ops::Activation::hardtanh:
        return clip(f.a, f.b);
      case ops::Activation::leaky_relu:
        return leaky_relu(f.a);
    }
    return refused();
  }
  std::string leaky_relu(float slope) { return call("LeakyRelu", inputs_, {}, Attributes().real("alpha", slope)); }
  /// The operator Gelu is newer than the opset: x * (1 + erf(x / sqrt(2))) / 2, or by tanh.
  std::string gelu(bool by_tanh) {
    const std::string x = inputs_.at(0);
    std::string inner;
    if (by_tanh) {
      const std::string cube = call("Mul", {call("Mul", {x, x}, node_->name + "_square"), x}, node_->name + "_cube");
      const std::string bent = call("Mul", {cube, number("cubic", 0.044715f)}, node_->name + "_bent");
      const std::string sum = call("Add", {x, bent}, node_->name + "_sum");
      inner = call("Tanh", {call("Mul", {sum, number("factor", 0.7978845608f)}, node_->name + "_inner")});
    } else {
      inner = call("Erf", {call("Mul", {x, number("factor", 0.70710678f)}, node_->name + "_inner")});
    }
    const std::string half = call("Mul", {x, number("half", 0.5f)}, node_->name + "_half_x");
    return call("Mul", {half, call("Add", {inner, number("one", 1)}, node_->name + "_shifted")}, node_->name + "_gelu");
  }
  std::string view(const std::vector<int64_t>& channels, Size2 size) {
    std::vector<int64_t> shape{0};  // 0: as many images as there are
    shape.insert(shape.end(), channels.begin(), channels.end());
    shape.insert(shape.end(), {size.h, size.w});
    return call("Reshape", {inputs_.at(0), integers("shape", shape)});
  }
  std::string permute(const std::vector<int64_t>& dims) {
    std::vector<int64_t> order{0};
    for (const int64_t d : dims) order.push_back(d + 1);
    for (int pixels = 0; pixels < 2; ++pixels) order.push_back(std::ssize(order));
    return call("Transpose", inputs_, {}, Attributes().integers("perm", order));
  }
  std::string number(const char* what, float value) { return initializer(what, Tensor::full({}, value)); }
  std::string integers(const char* what, const std::vector<int64_t>& values) {
    return initializer(what, Tensor::from(values, {std::ssize(values)}, DType::i64));
  }
  /// x * (1/6) + 0.5, from 0 to 1.
  std::string hardsigmoid() {
    return call("HardSigmoid", {inputs_.at(0)}, {}, Attributes().real("alpha", 1.0f / 6).real("beta", 0.5f));
  }
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

  Size2 image_size() const {
    const Shape& s = shapes_.at(node_->inputs.at(0));
    return {s.at(s.size() - 2), s.at(s.size() - 1)};
  }
  Size2 image_size_int8() const {
    const Shape& s = shapes_.at(node_->inputs.at(0));
    return {s.at(1), s.at(2)};
  }

  Names float_parameters() {
    OCTET_CHECK(nn::qat_of(node_->op) == nullptr, "ONNX: ", node_->name, " is in training; convert the graph first");
    Names names = {initializer("weight", node_->parameter("weight"))};
    if (node_->parameter("bias").defined()) names.push_back(initializer("bias", node_->parameter("bias")));
    return names;
  }
  Names quantized_parameters(const ops::int8::QuantizedLayer& p, const ops::int8::Requantization& r) {
    const int64_t K = p.weight.size(0);
    const bool per_channel = p.weight_scale.size() > 1;
    const Tensor scale = Tensor::from(p.weight_scale, per_channel ? Shape{K} : Shape{});
    Names names = {call("DequantizeLinear",
                        {initializer("weight", p.weight), initializer("weight_scale", scale),
                         initializer("weight_zero_point", Tensor::zeros(scale.shape(), DType::i8))},
                        node_->name + "_weight_dequantized", per_channel ? Attributes().integer("axis", 0) : Attributes())};
    if (!p.bias.defined()) return names;
    if (r.epilogue != ops::int8::Epilogue::int32_bias) {
      names.push_back(initializer("bias", p.bias));
      return names;
    }
    std::vector<float> bias_scale;
    for (float sw : p.weight_scale) bias_scale.push_back(p.input.scale * sw);
    names.push_back(call("DequantizeLinear",
                         {initializer("bias", Tensor::from(r.bias_i32, {K}, DType::i32)),
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

  /// Adds a call and returns what its result is called: `output`, or the node's name and what is computed.
  std::string call(const std::string& type, const Names& inputs, std::string output = {}, const Attributes& attributes = {}) {
    if (output.empty()) output = node_->name + "_" + type;
    ProtobufMessage m;
    for (const std::string& input : inputs) m.text(field::kNodeInput, input);
    m.text(field::kNodeOutput, output).text(field::kNodeName, output).text(field::kOpType, type);
    for (const ProtobufMessage& a : attributes.all) m.message(field::kAttribute, a);
    graph_.message(field::kNode, m);
    return output;
  }

  std::string initializer(const std::string& what, const Tensor& t) {
    const std::string name = node_->name + "_" + what;
    ProtobufMessage m;
    for (int64_t d : t.shape()) m.integer(field::kDims, d);
    m.integer(field::kDataType, static_cast<int64_t>(type_of(t.dtype()))).text(field::kTensorName, name);
    m.text(field::kRawData, {reinterpret_cast<const char*>(t.bytes()), t.nbytes()});
    graph_.message(field::kInitializer, m);
    return name;
  }

  static Type type_of(DType dtype) {
    switch (dtype) {
      case DType::f32:
        return Type::f32;
      case DType::u8:
        return Type::u8;
      case DType::i8:
      case DType::qint8:
        return Type::i8;
      case DType::i32:
        return Type::i32;
      case DType::i64:
        return Type::i64;
      default:
        fail("ONNX: no type for ", dtype);
    }
  }

  const std::map<const nn::Node*, Shape>& shapes_;
  const nn::Node* node_ = nullptr;
  Names inputs_;                                   // float values that the node reads
  std::map<const nn::Node*, std::string> values_;  // the float value of each node's result
  ProtobufMessage graph_;
};

std::map<const nn::Node*, Shape> shapes_of(const nn::Graph& graph, const Shape& image) {
  Shape x = image;
  x.insert(x.begin(), 1);
  std::map<const nn::Node*, Shape> shapes;
  for (const nn::Node& node : graph.nodes()) {
    OCTET_CHECK(!nn::is<op::Function>(node.op), "ONNX: ", node.name,
                " is an observer or fake quantization; convert the graph first");
    if (node.kind == nn::NodeKind::placeholder) shapes[&node] = x;
  }
  nn::run(graph, Tensor::zeros(x), [&](const nn::Node& node, const Tensor& result) { shapes[&node] = result.shape(); });
  return shapes;
}

}  // namespace

std::string to_onnx(const nn::Graph& graph, const Shape& image, const std::map<std::string, std::string>& metadata) {
  const std::map<const nn::Node*, Shape> shapes = shapes_of(graph, image);
  Writer writer(shapes);
  for (const nn::Node& node : graph.nodes()) writer.node(node);
  ProtobufMessage model, opset, named = writer.graph();
  opset.text(field::kDomain, "").integer(field::kVersion, kOpset);
  model.integer(field::kIrVersion, kIrVersion).text(field::kProducerName, "octet");
  model.message(field::kGraph, named.text(field::kGraphName, "octet")).message(field::kOpsetImport, opset);
  for (const auto& [key, value] : metadata)
    model.message(field::kMetadataProps, ProtobufMessage().text(field::kKey, key).text(field::kValue, value));
  return model.bytes();
}

}  // namespace octet::quant
