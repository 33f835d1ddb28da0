// ops/cpu/observe.h on the device: what observers ask, with the same answers. They wait for the device.
#pragma once

#include <vector>

#include "ops/support/bins.h"
#include "tensor/tensor.h"

namespace octet::ops::cuda {

/// Smallest and largest of each slice; x holds `slices` runs of n values, at a device address; n > 0.
std::vector<MinMaxNan> min_max(const float* x, int64_t slices, int64_t n);

/// counts [rule.bins] += how many of the n values lie in each bin.
void add_counts(const float* x, int64_t n, const BinRule& rule, std::vector<int64_t>& counts);

}  // namespace octet::ops::cuda
