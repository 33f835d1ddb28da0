// The float32 histogram arithmetic of PyTorch that HistogramObserver stands on, reproduced bit for bit.
// (The lesson is quant/observers/histogram_observer.md.)
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/device.h"

namespace octet::quant {

constexpr int64_t kBins = 2048;

/// Counts per bin as float32; kBins of them.
using Histogram = std::vector<float>;

/// torch.histc(x, kBins, lo, hi): bin = int(f32(f32(x - lo) * kBins / f32(hi - lo))), x == hi counts in the last bin, values
/// outside are left out. lo == hi means [lo - 1, hi + 1]. x: an address on `device`. On all cores; the answer does not depend on
/// the number of threads, nor on the device.
Histogram histc(const float* x, int64_t n, float lo, float hi, Device device = Device::cpu);

/// Exact counts per bin, kBins of them: what is added does not depend on the order.
using Counts = std::vector<int64_t>;

/// Adds the values' bins, as histc finds them, to counts.
void add_counts(const float* x, int64_t n, float lo, float hi, Counts& counts, Device device = Device::cpu);

/// torch.linspace(a, b, n)[i]: counted up from a in the first half and down from b in the second, with fused products.
float linspace_at(float a, float b, int64_t n, int64_t i);

/// Spreads a histogram over [lo, hi] onto the bins of the wider [new_lo, new_hi] (HistogramObserver._upscale_histogram).
Histogram upscale(const Histogram& histogram, float lo, float hi, float new_lo, float new_hi);

/// torch.sum of a contiguous float32 tensor: partial sums in vector lanes, four at a time, in blocks
/// (ATen/native/cpu/SumKernel.cpp).
float sum(const Histogram& values);

/// torch.cumsum of float32 on the CPU: accumulated in double, stored as float32.
Histogram cumsum(const Histogram& values);

}  // namespace octet::quant
