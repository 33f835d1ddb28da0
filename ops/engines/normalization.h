// Batch, layer and instance norm of codes: ops/int8/batch_norm.h and layer_norm.h say where the formulas come from. For the CPU and the
// device.
#pragma once

#include <math.h>

#include <cstdint>

#include "ops/engines/qparams.h"
#include "tensor/host_device.h"

namespace octet::ops::int8 {

/// Of the codes of a part: the mean of q - zx, and r.
struct CodeStatistics {
  float mean, r;
};

/// sum, squares: of n codes and of their squares. eps: as PyTorch has it, in float64.
OCTET_HD inline CodeStatistics statistics_of(int64_t sum, int64_t squares, int64_t n, QParams input, double eps) {
  const auto count = static_cast<float>(n);
  const float mean = static_cast<float>(sum) / count;
  const float spread = static_cast<float>(squares) / count - mean * mean, variance = spread > 0.0f ? spread : 0.0f;
  const double scale = input.scale;
  return {mean - static_cast<float>(input.zero_point), static_cast<float>(scale / sqrt(variance * scale * scale + eps))};
}

/// steps: q - zx. Real values, before they become codes.
OCTET_HD inline float layer_norm_value(float steps, const CodeStatistics& s, float weight, float bias) {
  return (steps - s.mean) * s.r * weight + bias;
}
OCTET_HD inline float instance_norm_value(float steps, const CodeStatistics& s, float weight, float bias) {
  const float factor = s.r * weight;
  return fmaf(steps, factor, bias - s.mean * factor);
}

/// The factor and the offset of a channel's batch norm, from q - zx to steps of the output.
struct BatchNormFactors {
  float factor, offset;
};
OCTET_HD inline BatchNormFactors batch_norm_factors(float weight, float bias, float running_mean, float running_var, float eps,
                                                    QParams input, QParams output) {
  const float r = 1.0f / sqrtf(running_var + eps);
  const float shift = bias - running_mean * r * weight;
  return {static_cast<float>(static_cast<double>(r * weight) * (static_cast<double>(input.scale) / output.scale)),
          static_cast<float>(shift / static_cast<double>(output.scale))};
}

}  // namespace octet::ops::int8
