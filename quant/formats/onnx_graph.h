// A graph of ONNX while it is written: calls of operators, constants, inputs and outputs, each a message of the file.
// What octet's ops become there is quant/formats/to_onnx.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "quant/formats/protobuf.h"
#include "tensor/tensor.h"

namespace octet::quant {

using OnnxNames = std::vector<std::string>;  // of values; empty: an input that is left out

/// Of one call.
class OnnxAttributes {
 public:
  OnnxAttributes& integer(const char* name, int64_t value);
  OnnxAttributes& real(const char* name, float value);
  OnnxAttributes& text(const char* name, const char* value);
  OnnxAttributes& integers(const char* name, const std::vector<int64_t>& values);

  const std::vector<ProtobufMessage>& all() const { return all_; }

 private:
  template <class Write>
  OnnxAttributes& add(const char* name, int64_t type, Write write);

  std::vector<ProtobufMessage> all_;
};

class OnnxGraph {
 public:
  /// Names of what comes next begin with it.
  void begin(std::string node) { node_ = std::move(node); }
  const std::string& node() const { return node_; }

  /// Adds a call and returns what its result is called: `output`, or the node's name and what is computed.
  std::string call(const std::string& type, const OnnxNames& inputs, std::string output = {},
                   const OnnxAttributes& attributes = {});
  /// The same, whose result is called by the node's name and `suffix`: for a node of several calls.
  std::string step(const char* suffix, const std::string& type, const OnnxNames& inputs, const OnnxAttributes& attributes = {});

  /// Adds a constant, the node's name and `what`.
  std::string initializer(const std::string& what, const Tensor& t);
  std::string number(const char* what, float value) { return initializer(what, Tensor::full({}, value)); }
  std::string integers(const char* what, const std::vector<int64_t>& values);

  /// float32, the first dimension free: "N".
  void input(const std::string& name, const Shape& shape);
  void output(const std::string& name, const Shape& shape);

  /// The whole model.
  std::string model(const std::map<std::string, std::string>& metadata) const;

 private:
  std::string node_;
  ProtobufMessage graph_;
};

}  // namespace octet::quant
