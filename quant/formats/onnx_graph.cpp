#include "quant/formats/onnx_graph.h"

namespace octet::quant {
namespace {

// Numbers of fields and types in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
namespace field {
enum Model : uint32_t { kIrVersion = 1, kProducerName = 2, kGraph = 7, kOpsetImport = 8, kMetadataProps = 14 };
enum Opset : uint32_t { kDomain = 1, kVersion = 2 };
enum Metadata : uint32_t { kKey = 1, kValue = 2 };
enum Graph : uint32_t { kNode = 1, kGraphName = 2, kInitializer = 5, kInput = 11, kOutput = 12 };
enum Node : uint32_t { kNodeInput = 1, kNodeOutput = 2, kNodeName = 3, kOpType = 4, kAttribute = 5 };
enum Attribute : uint32_t { kAttributeName = 1, kF = 2, kI = 3, kS = 4, kInts = 8, kAttributeType = 20 };
enum Tensor : uint32_t { kDims = 1, kDataType = 2, kTensorName = 8, kRawData = 9 };
enum ValueInfo : uint32_t { kValueName = 1, kType = 2 };
enum Type : uint32_t { kTensorType = 1 };
enum TensorType : uint32_t { kElemType = 1, kShape = 2 };
enum ShapeAndDim : uint32_t { kDim = 1, kDimValue = 1, kDimParam = 2 };
}  // namespace field
enum class Type : int64_t { f32 = 1, u8 = 2, i8 = 3, i32 = 6, i64 = 7 };
namespace attribute_type {
constexpr int64_t kF = 1, kI = 2, kS = 3, kInts = 7;
}
constexpr int64_t kIrVersion = 7, kOpset = 13;

Type type_of(DType dtype) {
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

ProtobufMessage value_info(const std::string& name, const Shape& shape) {
  ProtobufMessage dims;
  dims.message(field::kDim, ProtobufMessage().text(field::kDimParam, "N"));
  for (size_t d = 1; d < shape.size(); ++d) dims.message(field::kDim, ProtobufMessage().integer(field::kDimValue, shape[d]));
  ProtobufMessage tensor, type, info;
  tensor.integer(field::kElemType, static_cast<int64_t>(Type::f32)).message(field::kShape, dims);
  type.message(field::kTensorType, tensor);
  return info.text(field::kValueName, name).message(field::kType, type);
}

}  // namespace

template <class Write>
OnnxAttributes& OnnxAttributes::add(const char* name, int64_t type, Write write) {
  ProtobufMessage m;
  m.text(field::kAttributeName, name);
  write(m);
  all_.push_back(m.integer(field::kAttributeType, type));
  return *this;
}

OnnxAttributes& OnnxAttributes::integer(const char* name, int64_t value) {
  return add(name, attribute_type::kI, [&](ProtobufMessage& m) { m.integer(field::kI, value); });
}
OnnxAttributes& OnnxAttributes::real(const char* name, float value) {
  return add(name, attribute_type::kF, [&](ProtobufMessage& m) { m.real(field::kF, value); });
}
OnnxAttributes& OnnxAttributes::text(const char* name, const char* value) {
  return add(name, attribute_type::kS, [&](ProtobufMessage& m) { m.text(field::kS, value); });
}
OnnxAttributes& OnnxAttributes::integers(const char* name, const std::vector<int64_t>& values) {
  return add(name, attribute_type::kInts, [&](ProtobufMessage& m) {
    for (int64_t v : values) m.integer(field::kInts, v);
  });
}

std::string OnnxGraph::call(const std::string& type, const OnnxNames& inputs, std::string output,
                            const OnnxAttributes& attributes) {
  if (output.empty()) output = node_ + "_" + type;
  ProtobufMessage m;
  for (const std::string& input : inputs) m.text(field::kNodeInput, input);
  m.text(field::kNodeOutput, output).text(field::kNodeName, output).text(field::kOpType, type);
  for (const ProtobufMessage& a : attributes.all()) m.message(field::kAttribute, a);
  graph_.message(field::kNode, m);
  return output;
}

std::string OnnxGraph::step(const char* suffix, const std::string& type, const OnnxNames& inputs,
                            const OnnxAttributes& attributes) {
  return call(type, inputs, node_ + "_" + suffix, attributes);
}

std::string OnnxGraph::initializer(const std::string& what, const Tensor& t) {
  const std::string name = node_ + "_" + what;
  ProtobufMessage m;
  for (int64_t d : t.shape()) m.integer(field::kDims, d);
  m.integer(field::kDataType, static_cast<int64_t>(type_of(t.dtype()))).text(field::kTensorName, name);
  m.text(field::kRawData, {reinterpret_cast<const char*>(t.bytes()), t.nbytes()});
  graph_.message(field::kInitializer, m);
  return name;
}

std::string OnnxGraph::integers(const char* what, const std::vector<int64_t>& values) {
  return initializer(what, Tensor::from(values, {std::ssize(values)}, DType::i64));
}

void OnnxGraph::input(const std::string& name, const Shape& shape) { graph_.message(field::kInput, value_info(name, shape)); }
void OnnxGraph::output(const std::string& name, const Shape& shape) { graph_.message(field::kOutput, value_info(name, shape)); }

std::string OnnxGraph::model(const std::map<std::string, std::string>& metadata) const {
  ProtobufMessage model, opset, named = graph_;
  opset.text(field::kDomain, "").integer(field::kVersion, kOpset);
  model.integer(field::kIrVersion, kIrVersion).text(field::kProducerName, "octet");
  model.message(field::kGraph, named.text(field::kGraphName, "octet")).message(field::kOpsetImport, opset);
  for (const auto& [key, value] : metadata)
    model.message(field::kMetadataProps, ProtobufMessage().text(field::kKey, key).text(field::kValue, value));
  return model.bytes();
}

}  // namespace octet::quant
