// What an observer learns of values, on the CPU (ops/cpu/observe.h) and on the device (ops/cuda/observe.h): the bin of one of them.
#pragma once

#include <cstdint>

#include "tensor/host_device.h"

namespace octet::ops {

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

}  // namespace octet::ops
