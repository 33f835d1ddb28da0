#include "quant/qparams.h"

#include <algorithm>
#include <cmath>

namespace octet::quant {
namespace {

float checked_scale(float scale, float min, float max) {
  OCTET_CHECK(std::isfinite(scale), "quantization: the range [", min, ", ", max,
              "] is not finite; look for NaN or infinity in the data or weights");
  return std::max(scale, kEps);
}

}  // namespace

QParams affine_qparams(float min, float max, QRange range) {
  const float lo = std::min(min, 0.0f), hi = std::max(max, 0.0f);
  const float scale = checked_scale((hi - lo) / static_cast<float>(range.qmax - range.qmin), min, max);
  const int32_t zero_point = range.qmin - static_cast<int32_t>(std::nearbyint(lo / scale));
  return {scale, std::clamp(zero_point, range.qmin, range.qmax)};
}

QParams symmetric_qparams(float min, float max, QRange range) {
  const float largest = std::max(-std::min(min, 0.0f), std::max(max, 0.0f));
  return {checked_scale(largest / (static_cast<float>(range.qmax - range.qmin) / 2.0f), min, max), 0};
}

}  // namespace octet::quant
