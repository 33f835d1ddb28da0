// Signal to quantization noise ratio: how much larger a value is than its error. 6 decibels more are a bit more.
//
//   SQNR = 20 log10(|x| / |x - y|) = 10 log10(sum of x^2 / sum of (x - y)^2), x the float value, y the other
// PyTorch counterpart: torch.ao.ns.fx.utils.compute_sqnr.
#pragma once

#include <cmath>
#include <limits>

namespace octet::quant {

/// In decibels, from both sums of squares; infinite without noise.
inline double sqnr(double signal, double noise) {
  return noise == 0 ? std::numeric_limits<double>::infinity() : 10 * std::log10(signal / noise);
}

}  // namespace octet::quant
