// safetensors: a JSON header with name, dtype, shape and place of each tensor, then their bytes.
// https://github.com/huggingface/safetensors
//
//   u64 n | n bytes of JSON {"name": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, "__metadata__": {..}} | data
// A file that octet writes is sealed: its metadata has the SHA-256 of the file (loaders/files/digest.h), which loading checks.
// Strict: no duplicate names (the reference accepts them), no holes, no overlap, nothing behind the data.
// Not here: float8 and other types that a Tensor does not have. Counterpart: the Python package safetensors.
#pragma once

#include <map>
#include <string>

#include "loaders/files/file.h"
#include "tensor/state_dict.h"

namespace octet::loaders {

struct SafeTensors {
  StateDict tensors;                            // in the order of their bytes
  std::map<std::string, std::string> metadata;  // without the seal
  bool sealed = false;                          // had one, and it was right
};

SafeTensors load_safetensors(const File& file);
SafeTensors load_safetensors(const std::string& path);

/// Writes atomically, wide elements first and else in order. Quantized dtypes are written as the plain integers that they are.
void save_safetensors(const std::string& path, const SafeTensors& file);

/// Bytes that save_safetensors would write.
size_t safetensors_size(const SafeTensors& file);

}  // namespace octet::loaders
