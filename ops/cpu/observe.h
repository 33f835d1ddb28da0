// What an observer asks of each value of a tensor: its smallest, its largest, its bin. (quant/min_max.h, quant/histogram.h.)
#pragma once

#include <cstdint>

namespace octet::ops::cpu {

struct MinMaxNan {
  float min, max;  // of what is not NaN; +inf and -inf when there is nothing
  bool has_nan;
};

/// PyTorch's bin = int(f32(f32(x - lo) * bins / width)) with width = f32(hi - lo), x == hi counting in the last one.
struct BinRule {
  float lo, hi, width;
  int32_t bins;
};

struct ObserveKernels {
  MinMaxNan (*min_max)(const float* x, int64_t n);
  /// The bin of each value -> bin [n]; rule.bins for a value outside of [lo, hi].
  void (*find_bins)(const float* x, int64_t n, const BinRule& rule, int32_t* bin);
};

/// For active_isa().
ObserveKernels observe_kernels();

MinMaxNan min_max_portable(const float* x, int64_t n);
MinMaxNan min_max_avx2(const float* x, int64_t n);
void find_bins_portable(const float* x, int64_t n, const BinRule& rule, int32_t* bin);
void find_bins_avx2(const float* x, int64_t n, const BinRule& rule, int32_t* bin);

}  // namespace octet::ops::cpu
