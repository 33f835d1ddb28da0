// ONNX files made by hand, field by field: a graph of a few nodes from "x" to "y".
//   OnnxFile({2, 4, 5, 5}).node("Relu", {"x"}, "y").run(x)
#pragma once

#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "networks/onnx/schema.h"
#include "networks/onnx/to_graph.h"
#include "nn/graph/executor.h"
#include "quant/formats/protobuf.h"
#include "tests/support/temporary_folder.h"

namespace octet::test {

namespace field = networks::onnx::field;
using networks::onnx::AttributeType;
using quant::ProtobufMessage;

using OnnxNumbers = std::vector<int64_t>;
using OnnxAttribute = std::pair<std::string, std::variant<int64_t, double, std::string, OnnxNumbers, Tensor>>;

/// TensorProto with raw bytes.
inline ProtobufMessage onnx_tensor(const std::string& name, const Tensor& t) {
  const auto type = [&] {
    switch (t.dtype()) {
      case DType::f32:
        return 1;
      case DType::u8:
        return 2;
      case DType::i8:
        return 3;
      case DType::i16:
        return 5;
      case DType::i32:
        return 6;
      case DType::i64:
        return 7;
      case DType::f16:
        return 10;
      default:
        return 11;
    }
  }();
  ProtobufMessage m;
  for (const int64_t d : t.shape()) m.integer(field::kDims, d);
  m.integer(field::kDataType, type).text(field::kTensorName, name);
  return m.text(field::kRawData, {reinterpret_cast<const char*>(t.bytes()), t.nbytes()});
}

class OnnxFile {
 public:
  /// image: -1 where a size is free.
  explicit OnnxFile(Shape image, int64_t opset = 17) : image_(std::move(image)), opset_(opset) {}

  OnnxFile& node(const std::string& type, const std::vector<std::string>& inputs, const std::string& output,
                 const std::vector<OnnxAttribute>& attributes = {}, const std::string& name = "",
                 const std::vector<std::pair<std::string, std::string>>& metadata = {}) {
    ProtobufMessage m;
    for (const std::string& input : inputs) m.text(field::kNodeInput, input);
    std::istringstream outputs(output);  // several have spaces between
    for (std::string one; outputs >> one;) m.text(field::kNodeOutput, one);
    const size_t dot = type.rfind('.');  // "com.microsoft.QGemm"
    m.text(field::kNodeName, name).text(field::kOpType, type.substr(dot == type.npos ? 0 : dot + 1));
    if (dot != type.npos) m.text(field::kNodeDomain, type.substr(0, dot));
    for (const auto& [key, value] : attributes) m.message(field::kAttribute, attribute(key, value));
    for (const auto& [key, value] : metadata)
      m.message(field::kNodeMetadata, ProtobufMessage().text(field::kKey, key).text(field::kValue, value));
    graph_.message(field::kNode, m);
    return *this;
  }
  OnnxFile& tensor(const std::string& name, const Tensor& t) { return message(onnx_tensor(name, t)); }
  OnnxFile& numbers(const std::string& name, const OnnxNumbers& n) {
    return tensor(name, Tensor::from(n, {std::ssize(n)}, DType::i64));
  }
  /// A TensorProto.
  OnnxFile& message(const ProtobufMessage& t) { return graph_.message(field::kInitializer, t), *this; }
  OnnxFile& metadata(const std::string& key, const std::string& value) {
    rest_.message(field::kMetadataProps, ProtobufMessage().text(field::kKey, key).text(field::kValue, value));
    return *this;
  }

  std::string bytes() const {
    ProtobufMessage graph = graph_, model, opset;
    graph.message(field::kInput, value_info("x", image_)).message(field::kOutput, value_info("y", {}));
    opset.text(field::kDomain, "").integer(field::kVersion, opset_);
    model.integer(field::kIrVersion, 8).text(field::kProducerName, "by hand").message(field::kGraph, graph);
    return model.message(field::kOpsetImport, opset).bytes() + rest_.bytes();
  }

  networks::onnx::Model model() const {
    write(bytes());
    const loaders::File file(*folder_ / "net.onnx");
    return networks::onnx::read_onnx(file, *folder_ / "net.onnx");
  }
  networks::onnx::Network network() const { return networks::onnx::to_graph(model()); }
  Tensor run(const Tensor& x) const { return nn::run(network().graph, x); }

  /// "Conv2d Relu": the types of the nodes that compute, in order.
  std::string types() const {
    std::string text;
    const networks::onnx::Network net = network();
    for (const nn::Node& n : net.graph.nodes())
      if (n.kind == nn::NodeKind::call_module || n.kind == nn::NodeKind::call_function)
        text += (text.empty() ? "" : " ") + std::string(nn::info(n.op).name.value);
    return text;
  }

  /// What stands beside the file.
  void write_beside(const std::string& name, const std::string& bytes) const {
    std::ofstream(*folder_ / name, std::ios::binary) << bytes;
  }
  void write(const std::string& bytes) const { write_beside("net.onnx", bytes); }
  std::string path() const { return *folder_ / "net.onnx"; }

 private:
  static ProtobufMessage attribute(const std::string& name, const OnnxAttribute::second_type& value) {
    ProtobufMessage m;
    m.text(field::kAttributeName, name);
    const auto typed = [&](AttributeType type) { m.integer(field::kAttributeType, static_cast<int64_t>(type)); };
    if (const auto* i = std::get_if<int64_t>(&value)) m.integer(field::kI, *i), typed(AttributeType::i);
    if (const auto* f = std::get_if<double>(&value)) m.real(field::kF, static_cast<float>(*f)), typed(AttributeType::f);
    if (const auto* s = std::get_if<std::string>(&value)) m.text(field::kS, *s), typed(AttributeType::s);
    if (const auto* t = std::get_if<Tensor>(&value)) m.message(field::kT, onnx_tensor("", *t)), typed(AttributeType::t);
    if (const auto* ints = std::get_if<OnnxNumbers>(&value)) {
      for (const int64_t i : *ints) m.integer(field::kInts, i);
      typed(AttributeType::ints);
    }
    return m;
  }
  static ProtobufMessage value_info(const std::string& name, const Shape& shape) {
    ProtobufMessage dims, tensor, type, info;
    for (const int64_t d : shape)
      dims.message(field::kDim, d < 0 ? ProtobufMessage().text(2, "N") : ProtobufMessage().integer(field::kDimValue, d));
    tensor.integer(1, 1).message(field::kShape, dims);
    type.message(field::kTensorType, tensor);
    return info.text(field::kValueName, name).message(field::kType, type);
  }

  Shape image_;
  int64_t opset_;
  ProtobufMessage graph_, rest_;
  std::unique_ptr<TemporaryFolder> folder_ = std::make_unique<TemporaryFolder>();
};

}  // namespace octet::test
