// What a .pt2 file says, as plain data: the program that torch.export.save wrote. Nothing here knows what an operation means;
// networks/pt2/to_graph.h does.
//
//   NAME/archive_format, byteorder                      "pt2", "little"
//   NAME/models/model.json                              calls, values and their shapes
//   NAME/data/weights/model_weights_config.json         parameters and buffers: type, sizes, strides, and in which record
//   NAME/data/weights/weight_0, ...                     their bytes
//   NAME/data/constants/...                             other tensors, the same way
// Not here: tensors that are pickled, custom classes, programs of several models, files of PyTorch before 2.8.
// PyTorch counterpart: torch.export.load. Source: the PT2 Archive Spec of PyTorch's documentation; torch/_export/serde/schema.py.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "loaders/files/file.h"
#include "tensor/tensor.h"

namespace octet::networks {

/// A value of the program, by its name there.
struct ValueName {
  std::string name;
};

/// A whole number, or one that is only known when the program runs, such as the number of images.
struct Size {
  int64_t value = 0;
  std::string symbol = {};  // not empty: a value of the program
};

/// monostate: None. Other kinds (devices, memory formats, ...) are text that nobody needs.
using Argument = std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<Size>, std::vector<double>,
                              ValueName, std::vector<ValueName>>;

/// One call of an operation.
struct Call {
  std::string target = {};  // "aten.conv2d.default"
  /// By the names of the operation's schema. Those that are at their defaults may be missing.
  std::map<std::string, Argument> arguments = {};
  std::vector<std::string> outputs = {};  // names of values
  std::string module = {};                // path of the module that makes the call: "features.0"
  bool is_layer = false;                  // it is one of torch.nn's, which torch.fx keeps whole; else the module's forward calls
  std::string python = {};                // what Python calls: "function.relu" (of torch.nn.functional), "method_descriptor.relu"
                                          // (of a tensor), "builtin_function_or_method.relu" (of torch); may be empty
  std::string source = {};                // "squeezenet.py:95: x = self.features(x)", for messages; may be empty
};

struct Program {
  std::string file = {};                         // fit for messages
  std::string torch_version = {};                // "2.11.0+cu130"
  std::vector<std::string> inputs = {};          // names of values: what the user passes
  std::vector<std::string> outputs = {};         // and gets
  std::map<std::string, Tensor> tensors = {};    // parameters, buffers and constants, by name of the value
  std::map<std::string, std::string> keys = {};  // of parameters and buffers in the network's state_dict, by name of the value
  std::map<std::string, Shape> shapes = {};      // of values; -1 where the size is free
  std::vector<Call> calls = {};
};

/// Is it a zip archive as torch.export.save writes it, of any version? Throws Error for a zip archive that is damaged.
bool is_pt2(const loaders::File& file);

/// Throws Error, one line that begins with the file's name. It refuses a damaged file, another format or version, what octet does
/// not read, and tensors with NaN or infinity (loaders/checkpoints/checkpoint.h, check_finite).
Program read_pt2(const loaders::File& file);

}  // namespace octet::networks
