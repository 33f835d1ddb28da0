// One part of layer_norm or group_norm (ops/layer_norm.h has the formula): for the CPU and the device. All in float64.
#pragma once

#include <math.h>

#include <cstdint>

#include "tensor/host_device.h"

namespace octet::ops {

/// How a tensor is taken apart: `parts` of `size` elements each; element i of part p has the factor of place(p, i).
struct Parts {
  int64_t parts, size;
  int64_t factors;       // of weight and bias
  int64_t first_period;  // parts after which the factors begin again
  int64_t run;           // elements in a row that share a factor

  OCTET_HD int64_t place(int64_t part, int64_t i) const { return part % first_period * (size / run) + i / run; }
};

struct PartStatistics {
  double mean, inverse_std;
  OCTET_HD double normalized(float x) const { return (static_cast<double>(x) - mean) * inverse_std; }
};

/// x: the part's n elements.
OCTET_HD inline PartStatistics statistics_of(const float* x, int64_t n, float eps) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]);
  const double mean = sum / static_cast<double>(n);
  for (int64_t i = 0; i < n; ++i) squares += (static_cast<double>(x[i]) - mean) * (static_cast<double>(x[i]) - mean);
  return {mean, 1 / sqrt(squares / static_cast<double>(n) + static_cast<double>(eps))};
}

/// x, y: the part's elements; weight, bias: all factors, or null.
OCTET_HD inline void normalize_part(const float* x, const Parts& parts, int64_t part, const float* weight, const float* bias,
                                    float eps, float* y) {
  const PartStatistics s = statistics_of(x, parts.size, eps);
  for (int64_t i = 0; i < parts.size; ++i) {
    const int64_t at = parts.place(part, i);
    y[i] = static_cast<float>(s.normalized(x[i]) * (weight ? static_cast<double>(weight[at]) : 1) +
                              (bias ? static_cast<double>(bias[at]) : 0));
  }
}

/// The gradient of the part's elements.
OCTET_HD inline void normalize_part_backward(const float* dy, const float* x, const Parts& parts, int64_t part,
                                             const float* weight, const PartStatistics& s, float* dx) {
  const auto g = [&](int64_t i) {
    return static_cast<double>(dy[i]) * (weight ? static_cast<double>(weight[parts.place(part, i)]) : 1);
  };
  double sum = 0, sum_of_products = 0;
  for (int64_t i = 0; i < parts.size; ++i) sum += g(i), sum_of_products += g(i) * s.normalized(x[i]);
  const auto n = static_cast<double>(parts.size);
  for (int64_t i = 0; i < parts.size; ++i)
    dx[i] = static_cast<float>((g(i) - sum / n - s.normalized(x[i]) * (sum_of_products / n)) * s.inverse_std);
}

}  // namespace octet::ops
