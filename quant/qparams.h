// From a range of real values to scale and zero point. Source: torch/ao/quantization/observer.py, _calculate_qparams.
//
//   affine      lo = min(min, 0), hi = max(max, 0), scale = max((hi - lo) / (qmax - qmin), eps),
//               zero_point = clamp(qmin - rne(lo / scale), qmin, qmax)
//   symmetric   scale = max(max(-lo, hi) / ((qmax - qmin) / 2), eps), zero_point = 0        (qint8)
// The range always contains 0, so that 0 (padding, relu) has an exact code. All in float32.
#pragma once

#include "ops/int8/qparams.h"

namespace octet::quant {

using ops::int8::Engine;
using ops::int8::QParams;

/// Smallest scale: torch.finfo(torch.float32).eps.
constexpr float kEps = 1.1920929e-07f;

struct QRange {
  int32_t qmin = 0, qmax = 255;
};
/// What observers use: 0..255, or 0..127 under reduce_range (one bit less, so that 16-bit sums of products cannot saturate).
inline QRange quint8_range(bool reduce_range) { return reduce_range ? QRange{0, 127} : QRange{0, 255}; }
constexpr QRange kQint8Range{-128, 127};

/// Throws Error for a range that is not finite or wider than a float32 can say.
QParams affine_qparams(float min, float max, QRange range);
QParams symmetric_qparams(float min, float max, QRange range);

}  // namespace octet::quant
