// Numbers of the fields and types of ONNX that are read. Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
#pragma once

#include <cstdint>

namespace octet::networks::onnx::field {

enum Model : uint32_t {
  kIrVersion = 1,
  kProducerName = 2,
  kProducerVersion = 3,
  kGraph = 7,
  kOpsetImport = 8,
  kMetadataProps = 14
};
enum Opset : uint32_t { kDomain = 1, kVersion = 2 };
enum Metadata : uint32_t { kKey = 1, kValue = 2 };
enum Graph : uint32_t { kNode = 1, kInitializer = 5, kInput = 11, kOutput = 12, kSparseInitializer = 15 };
enum Node : uint32_t {
  kNodeInput = 1,
  kNodeOutput = 2,
  kNodeName = 3,
  kOpType = 4,
  kAttribute = 5,
  kNodeDomain = 7,
  kNodeMetadata = 9
};
enum Attribute : uint32_t { kAttributeName = 1, kF = 2, kI = 3, kS = 4, kT = 5, kFloats = 7, kInts = 8, kAttributeType = 20 };
enum Tensor : uint32_t {
  kDims = 1,
  kDataType = 2,
  kFloatData = 4,
  kInt32Data = 5,
  kInt64Data = 7,
  kTensorName = 8,
  kRawData = 9,
  kDoubleData = 10,
  kExternalData = 13,
  kDataLocation = 14
};
enum ValueInfo : uint32_t { kValueName = 1, kType = 2 };
enum Type : uint32_t { kTensorType = 1 };
enum TensorType : uint32_t { kShape = 2 };
enum ShapeAndDim : uint32_t { kDim = 1, kDimValue = 1 };

}  // namespace octet::networks::onnx::field

namespace octet::networks::onnx {

/// AttributeProto.AttributeType.
enum class AttributeType : int64_t { f = 1, i = 2, s = 3, t = 4, floats = 6, ints = 7 };

}  // namespace octet::networks::onnx
