// Smallest and largest value of a float tensor, on all cores; the answer does not depend on the number of threads.
// PyTorch counterpart: torch.aminmax.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "tensor/tensor.h"

namespace octet::quant {

struct MinMax {
  float min, max;  // of the values that are not NaN
  bool has_nan;

  bool all_finite() const { return !has_nan && std::isfinite(min) && std::isfinite(max); }
};

/// x of n values, n > 0.
MinMax min_max(const float* x, int64_t n);
/// Smallest and largest of all values of x, on any device; x has at least one.
MinMax min_max(const Tensor& x);
/// The same of `slices` equal parts of x.
std::vector<MinMax> min_max_of_slices(const Tensor& x, int64_t slices);

}  // namespace octet::quant
