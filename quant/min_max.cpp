#include "quant/min_max.h"

#include <algorithm>
#include <limits>

namespace octet::quant {

MinMax min_max(const float* x, int64_t n) {
  float lo = std::numeric_limits<float>::infinity(), hi = -lo;
  int nan = 0;
#pragma omp parallel for simd reduction(min : lo) reduction(max : hi) reduction(| : nan) if (n > 65536)
  for (int64_t i = 0; i < n; ++i) {
    lo = x[i] < lo ? x[i] : lo;
    hi = x[i] > hi ? x[i] : hi;
    nan |= x[i] != x[i];
  }
  return {lo, hi, nan != 0};
}

}  // namespace octet::quant
