// A gate times images: where each element of the larger tensor finds its partner in the smaller one, which has 1 where the same
// partner serves along a dimension. PyTorch counterpart: broadcasting, https://pytorch.org/docs/stable/notes/broadcasting.html
//   [N, C, H, W] and [N, C, 1, 1], [1, C, H, W], ...; also [N, H, W, C] and [N, 1, 1, C]
#pragma once

#include <array>
#include <cstdint>

#include "tensor/tensor.h"

namespace octet::ops {

/// Has `gate` as many dimensions as x, each 1 or as large?
inline bool is_gate_of(const Shape& gate, const Shape& x) {
  if (gate.size() != x.size()) return false;
  for (size_t d = 0; d < x.size(); ++d)
    if (gate[d] != 1 && gate[d] != x[d]) return false;
  return true;
}

class Broadcast {
 public:
  /// Throws Error unless is_gate_of(gate, x), with at most 4 dimensions.
  Broadcast(const Shape& x, const Shape& gate) {
    OCTET_CHECK(is_gate_of(gate, x) && x.size() <= kDims, "shapes ", x, " and ", gate,
                " do not fit, expected equal ones, or 1 in places of one of them");
    int64_t stride = 1;
    for (size_t d = x.size(), at = kDims; d-- > 0;) {
      sizes_[--at] = x[d];
      strides_[at] = gate[d] == 1 ? 0 : stride;
      stride *= gate[d];
    }
  }

  /// All dimensions but the last, as one.
  int64_t rows() const { return sizes_[0] * sizes_[1] * sizes_[2]; }

  /// x's sizes as four dimensions, with 1 in front; and by how much the gate's index grows with each of them, 0 where the gate has 1.
  const std::array<int64_t, 4>& sizes() const { return sizes_; }
  const std::array<int64_t, 4>& strides() const { return strides_; }

  /// visit(index in x, index in the gate) of each element of a row.
  template <class Visit>
  void along(int64_t row, Visit&& visit) const {
    const int64_t j = row % sizes_[2], k = row / sizes_[2] % sizes_[1], l = row / sizes_[2] / sizes_[1];
    const int64_t first = l * strides_[0] + k * strides_[1] + j * strides_[2];
    for (int64_t i = 0; i < sizes_[3]; ++i) visit(row * sizes_[3] + i, first + i * strides_[3]);
  }

 private:
  static constexpr size_t kDims = 4;
  std::array<int64_t, kDims> sizes_{1, 1, 1, 1}, strides_{};
};

}  // namespace octet::ops
