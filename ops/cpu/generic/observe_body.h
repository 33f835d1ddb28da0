// The loops of ops/cpu/observe.h, which each kernel file compiles for its instruction set. Static, as everything that is compiled
// twice.
#pragma once

#include "ops/cpu/observe.h"

namespace octet::ops::cpu {
namespace {

inline MinMaxNan min_max_body(const float* x, int64_t n) {
  float lo = __builtin_inff(), hi = -lo;
  int32_t nan = 0;
#pragma omp simd reduction(min : lo) reduction(max : hi) reduction(| : nan)
  for (int64_t i = 0; i < n; ++i) {
    lo = x[i] < lo ? x[i] : lo;
    hi = x[i] > hi ? x[i] : hi;
    nan |= x[i] != x[i] ? 1 : 0;
  }
  return {lo, hi, nan != 0};
}

inline void find_bins_body(const float* x, int64_t n, const BinRule& rule, int32_t* bin) {
  const BinRule r = rule;
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) bin[i] = bin_of(x[i], r);
}

}  // namespace
}  // namespace octet::ops::cpu
