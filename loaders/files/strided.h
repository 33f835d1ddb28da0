// A view (sizes, strides, offset) of stored elements -> a contiguous Tensor.
//
// The one place where .pth and .npy files turn into tensors, and where their indices are checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loaders/files/bytes.h"
#include "tensor/tensor.h"

namespace octet::loaders {

struct StridedView {
  Shape shape;
  std::vector<int64_t> strides;  // in elements, as many as sizes; row_major() for none
  int64_t offset = 0;            // in elements
  DType dtype = DType::f32;
  bool big_endian = false;
};

/// Strides of a contiguous tensor.
std::vector<int64_t> row_major(const Shape& shape);

/// Throws Error, beginning with `where`, for negative numbers, more than 16 dimensions, more than 2^40 elements, and when an
/// index falls outside `storage`. Allocates nothing.
void check_view(const StridedView& view, uint64_t storage_elements, const std::string& where);

/// The elements of a view that check_view accepted.
Tensor copy_contiguous(const StridedView& view, Bytes storage);

}  // namespace octet::loaders
