// NumPy's array files: .npy, and .npz (a zip of them).
//
//   "\x93NUMPY" major minor | header length | {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } | data
// Big-endian and Fortran-ordered arrays are read too and become contiguous tensors. Not here: object, string and structured
// arrays, which need Python. Counterpart: numpy.load(allow_pickle=False), numpy.save. Format: numpy/lib/format.py.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "loaders/files/bytes.h"
#include "tensor/tensor.h"

namespace octet::loaders {

Tensor load_npy(const std::string& path);

/// An array file in memory; errors begin with `where`.
Tensor read_npy(Bytes bytes, const std::string& where);

/// The arrays by name, without ".npy".
std::map<std::string, Tensor> load_npz(const std::string& path);

/// Writes atomically, version 1.0, C order. Quantized dtypes are written as the plain integers that they are; bfloat16 is an
/// error.
void save_npy(const std::string& path, const Tensor& tensor);

struct NamedArray {
  std::string name;
  Tensor tensor;
};
/// The same of several arrays, in this order, in one archive of up to 4 GB. numpy.savez.
void save_npz(const std::string& path, const std::vector<NamedArray>& arrays);

}  // namespace octet::loaders
