#include "loaders/files/strided.h"

#include <algorithm>

#include "loaders/files/limits.h"

namespace octet::loaders {

std::vector<int64_t> row_major(const Shape& shape) {
  std::vector<int64_t> strides(shape.size());
  uint64_t stride = 1;  // may wrap around, but only where a size is 0 and no stride is ever used
  for (size_t d = shape.size(); d-- > 0;) {
    strides[d] = static_cast<int64_t>(stride);
    stride *= static_cast<uint64_t>(std::max<int64_t>(shape[d], 1));
  }
  return strides;
}

void check_view(const StridedView& view, uint64_t storage_elements, const std::string& where) {
  const size_t rank = view.shape.size();
  OCTET_CHECK(rank <= kMaxRank, where, ": ", rank, " dimensions, at most ", kMaxRank);
  OCTET_CHECK(rank == view.strides.size(), where, ": ", rank, " sizes but ", view.strides.size(), " strides");
  OCTET_CHECK(view.offset >= 0, where, ": negative offset ", view.offset);
  int64_t elements = 0;
  try {
    elements = numel(view.shape);
  } catch (const Error& error) {
    fail(where, ": ", error.what());
  }
  int64_t last = view.offset;
  bool overflow = false;
  for (size_t d = 0; d < rank; ++d) {
    OCTET_CHECK(view.strides[d] >= 0, where, ": negative stride ", view.strides[d]);
    int64_t reach = 0;
    overflow |= elements > 0 && __builtin_mul_overflow(view.shape[d] - 1, view.strides[d], &reach);
    overflow |= __builtin_add_overflow(last, reach, &last);
  }
  const bool fits = elements == 0 || (!overflow && static_cast<uint64_t>(last) < storage_elements);
  OCTET_CHECK(fits, where, ": shape ", view.shape, " at offset ", view.offset, " reaches ",
              overflow ? std::string("an index beyond 2^63") : str("element ", last), " of a storage of ", storage_elements);
}

namespace {

/// Copies element by element, the last dimension fastest.
template <class Element>
void gather(const StridedView& view, const std::byte* from, std::byte* to) {
  const size_t rank = view.shape.size();
  std::vector<int64_t> index(rank, 0);
  int64_t at = view.offset;
  const int64_t elements = numel(view.shape);
  for (int64_t i = 0; i < elements; ++i) {
    std::memcpy(to + static_cast<size_t>(i) * sizeof(Element), from + static_cast<size_t>(at) * sizeof(Element), sizeof(Element));
    for (size_t d = rank; d-- > 0;) {
      if (view.shape[d] == 1) continue;  // its stride means nothing and may be huge
      at += view.strides[d];
      if (++index[d] < view.shape[d]) break;
      at -= view.strides[d] * view.shape[d];
      index[d] = 0;
    }
  }
}

void swap_bytes(Tensor& tensor) {
  const size_t size = size_of(tensor.dtype());
  std::byte* const end = tensor.bytes() + tensor.nbytes();
  for (std::byte* p = tensor.bytes(); p != end; p += size) std::reverse(p, p + size);
}

bool is_contiguous(const StridedView& view) {
  const std::vector<int64_t> expected = row_major(view.shape);
  for (size_t d = 0; d < expected.size(); ++d)
    if (view.shape[d] != 1 && view.strides[d] != expected[d]) return false;
  return true;
}

}  // namespace

Tensor copy_contiguous(const StridedView& view, Bytes storage) {
  check_view(view, storage.size() / size_of(view.dtype), "copy_contiguous");
  Tensor tensor(view.shape, view.dtype);
  if (tensor.numel() == 0) return tensor;
  const size_t size = size_of(view.dtype);
  if (is_contiguous(view)) {
    std::memcpy(tensor.bytes(), storage.data() + static_cast<size_t>(view.offset) * size, tensor.nbytes());
  } else if (size == 1) {
    gather<uint8_t>(view, storage.data(), tensor.bytes());
  } else if (size == 2) {
    gather<uint16_t>(view, storage.data(), tensor.bytes());
  } else if (size == 4) {
    gather<uint32_t>(view, storage.data(), tensor.bytes());
  } else {
    gather<uint64_t>(view, storage.data(), tensor.bytes());
  }
  if (view.big_endian) swap_bytes(tensor);
  return tensor;
}

}  // namespace octet::loaders
