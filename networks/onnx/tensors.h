// A tensor of an .onnx file (TensorProto): its numbers as raw bytes, as a list of the type's own, or in a file beside it.
//
//   raw_data       little-endian bytes, as many as the shape says
//   float_data, int32_data (also of 8- and 16-bit types), int64_data, double_data
//   external_data  {"location": "net.onnx.data", "offset": "4096", "length": "1024"}: a plain name, in the same folder
#pragma once

#include <map>

#include "loaders/files/file.h"
#include "networks/onnx/wire.h"
#include "tensor/tensor.h"

namespace octet::networks::onnx {

/// Reads the tensors of one file. What they take together is held against the sizes of the files.
class TensorReader {
 public:
  /// folder: where files with tensors may be. `source` must outlive it.
  TensorReader(const Source& source, std::string folder);

  struct Named {
    std::string name;
    Tensor tensor;
  };
  /// Throws Error that names the tensor.
  Named read(loaders::Bytes message);

  /// Bytes of the file and of those beside it that were read.
  uint64_t bytes_of_files() const { return bytes_of_files_; }

 private:
  struct Proto;
  Proto fields_of(loaders::Bytes message) const;
  loaders::Bytes external(const Proto& proto, const std::string& where);
  const loaders::File& beside(const std::string& location, const std::string& where);
  void spend(uint64_t bytes, const std::string& where);

  const Source& source_;
  std::string folder_;
  std::map<std::string, loaders::File> files_;  // by location
  uint64_t bytes_of_files_, spent_ = 0;
};

}  // namespace octet::networks::onnx
