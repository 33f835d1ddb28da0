// What an .onnx file says, as plain data. Nothing here knows what an operation means; networks/onnx/to_graph.h does.
//
//   ModelProto > graph > node (op_type, inputs, outputs, attributes), initializer (a tensor), input, output
//              > opset_import (versions of operators), metadata_props (what the writer adds)
// Tensors are in the file, or in files beside it ("net.onnx.data"), as torch.onnx.export(dynamo=True) writes them.
// Not here: functions, sparse tensors, graphs inside attributes (If, Loop): what uses them is refused by name.
// Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. PyTorch counterpart: onnx.load.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "loaders/files/file.h"
#include "tensor/tensor.h"

namespace octet::networks::onnx {

/// monostate: a kind that octet does not read.
using Attribute = std::variant<std::monostate, float, int64_t, std::string, Tensor, std::vector<float>, std::vector<int64_t>>;

/// One call of an operator.
struct Node {
  std::string op_type = {};                            // "Conv"
  std::string domain = {};                             // empty: ONNX's own
  std::string name = {};                               // may be empty
  std::vector<std::string> inputs = {}, outputs = {};  // names of values; empty: an input that is left out
  std::map<std::string, Attribute> attributes = {};
  std::map<std::string, std::string> metadata = {};
};

/// A value that the user passes or gets.
struct ValueInfo {
  std::string name = {};
  bool has_shape = false;
  std::vector<int64_t> shape = {};  // -1 where the size is free
};

struct Model {
  std::string file = {};      // fit for messages
  std::string producer = {};  // "pytorch 2.11.0"
  int64_t opset = 0;          // version of ONNX's own operators
  std::vector<Node> nodes = {};
  std::map<std::string, Tensor> initializers = {};
  std::vector<ValueInfo> inputs = {}, outputs = {};  // inputs: without the initializers, which older files name, too
  std::map<std::string, std::string> metadata = {};  // without the seal
  bool sealed = false;                               // had one, and it was right
  uint64_t bytes = 0;  // of the file and of those beside it: what is made of it is held against that
};

/// Does it look like ONNX: by its first bytes, or at least by its name?
bool is_onnx(const loaders::File& file, const std::string& path);

/// Throws Error, one line that begins with the file's name: for a damaged file, also one whose seal (loaders/files/digest.h) is not its
/// own, for versions of operators other than 9 to 21, and for tensors of types that octet does not have.
Model read_onnx(const loaders::File& file, const std::string& path);

}  // namespace octet::networks::onnx
