// What an observer asks of each value of a tensor: its smallest, its largest, its bin. (quant/observers/min_max.h, quant/observers/histogram.h.)
#pragma once

#include <cstdint>

#include "tensor/host_device.h"

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

/// The bin of one value; rule.bins for one outside of [lo, hi]. Static, as what kernel files of several instruction sets share.
OCTET_HD static inline int32_t bin_of(float v, const BinRule& rule) {
  const auto bins = static_cast<float>(rule.bins), last = static_cast<float>(rule.bins - 1);
  const float position = (v - rule.lo) * bins / rule.width;
  float clamped = position < last ? position : last;
  clamped = clamped > 0 ? clamped : 0;  // outside, too, a conversion must have a result
  const auto b = static_cast<int32_t>(clamped);
  return v >= rule.lo && v <= rule.hi ? b : rule.bins;
}

struct ObserveKernels {
  MinMaxNan (*min_max)(const float* x, int64_t n);
  /// The bin of each value -> bin [n]; rule.bins for a value outside of [lo, hi].
  void (*find_bins)(const float* x, int64_t n, const BinRule& rule, int32_t* bin);
};

}  // namespace octet::ops::cpu
