// What an observer asks of each value of a tensor: its smallest, its largest, its bin. (quant/observers/min_max.h,
// quant/observers/histogram.h.)
#pragma once

#include <cstdint>

#include "ops/support/bins.h"

namespace octet::ops::cpu {

struct ObserveKernels {
  MinMaxNan (*min_max)(const float* x, int64_t n);
  /// The bin of each value -> bin [n]; rule.bins for a value outside of [lo, hi].
  void (*find_bins)(const float* x, int64_t n, const BinRule& rule, int32_t* bin);
};

}  // namespace octet::ops::cpu
