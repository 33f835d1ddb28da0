// Smallest and largest value of a float tensor, on all cores; the answer does not depend on the number of threads.
// PyTorch counterpart: torch.aminmax.
#pragma once

#include <cstdint>

namespace octet::quant {

struct MinMax {
  float min, max;
  bool has_nan;
};

/// x of n values, n > 0.
MinMax min_max(const float* x, int64_t n);

}  // namespace octet::quant
