// From [min, max] to scale and zero point, in two ways whose last bits differ (formulas: the header):
//   calculate_qparams   once, after calibration, in float32           torch/ao/quantization/observer.py, _calculate_qparams
//   fused_qparams       in each step of quantization-aware training, partly in double
//                                                                     fbgemm/QuantUtils.cc, ChooseQuantizationParams
// An example, affine, codes 0..255: [-1, 3] has scale 4/255 and zero point rne(255/4) = 64.
#include "quant/observers/qparams.h"

#include <algorithm>
#include <cmath>

namespace octet::quant {
namespace {

float checked_scale(float scale, float min, float max) {
  OCTET_CHECK(std::isfinite(scale), "quantization: the range [", min, ", ", max,
              "] is not finite; look for NaN or infinity in the data or weights");
  return std::max(scale, kEps);
}

/// Python's //, for halving.
int32_t floor_half(int32_t x) { return x >> 1; }

}  // namespace

CodeRange QSpec::range() const {
  const CodeRange full = codes.value_or(ops::int8::code_range(dtype));
  return reduce_range ? CodeRange{floor_half(full.qmin), floor_half(full.qmax)} : full;
}

void check_spec(const QSpec& spec) {
  const CodeRange all = ops::int8::code_range(spec.dtype), codes = spec.codes.value_or(all);
  OCTET_CHECK(codes.qmin >= all.qmin && codes.qmax <= all.qmax && codes.qmin <= 0 && codes.qmax >= 0 && codes.qmin < codes.qmax,
              "quant_min ", codes.qmin, " and quant_max ", codes.qmax, ": expected a range within ", all.qmin, "..", all.qmax,
              " of ", spec.dtype, " that contains 0");
}

QParams calculate_qparams(float min, float max, const QSpec& spec) {
  const CodeRange range = spec.range();
  const float lo = std::min(min, 0.0f), hi = std::max(max, 0.0f), codes = static_cast<float>(range.qmax - range.qmin);
  if (spec.scheme == QScheme::symmetric) {
    const int32_t middle = spec.codes ? floor_half(range.qmin + range.qmax) : 128;  // 128 also under reduce_range, as in PyTorch
    return {checked_scale(std::max(-lo, hi) / (codes / 2.0f), min, max), spec.dtype == DType::quint8 ? middle : 0};
  }
  const float scale = checked_scale((hi - lo) / codes, min, max);
  const int32_t zero_point = range.qmin - static_cast<int32_t>(std::nearbyint(lo / scale));
  return {scale, std::clamp(zero_point, range.qmin, range.qmax)};
}

QParams fused_qparams(float min, float max, const QSpec& spec) {
  OCTET_CHECK(std::isfinite(min) && std::isfinite(max), "quantization: the range [", min, ", ", max,
              "] is not finite; look for NaN or infinity in the data or weights");
  const CodeRange range = spec.range();
  const double codes = range.qmax - range.qmin;
  const bool symmetric = min < 0 && max > 0 && spec.scheme == QScheme::symmetric;
  if (symmetric) {
    const int32_t n = (range.qmax - range.qmin) / 2;
    const double largest = std::max(std::fabs(min / static_cast<float>(-n - 1)), std::fabs(max / static_cast<float>(n)));
    min = static_cast<float>(largest * (-n - 1));
    max = static_cast<float>(largest * n);
  }
  min = std::min(min, 0.0f);
  max = std::max(max, 0.0f);
  auto scale = static_cast<float>((static_cast<double>(max) - min) / codes);
  if (scale == 0.0f || std::isinf(1.0f / scale)) scale = 0.1f;
  if (scale < kSmallScale) {
    const float amplifier = kSmallScale / scale;
    scale = kSmallScale;
    if (min == 0.0f) {
      max = kSmallScale * static_cast<float>(codes);
    } else if (max == 0.0f) {
      min = -kSmallScale * static_cast<float>(codes);
    } else {
      min *= amplifier;
      max *= amplifier;
    }
  }
  const double below = min / static_cast<double>(scale), above = max / static_cast<double>(scale);
  const bool from_min = std::abs(range.qmin) + std::fabs(below) < std::abs(range.qmax) + std::fabs(above);
  double zero_point = from_min ? range.qmin - below : range.qmax - above;
  if (symmetric) zero_point = (range.qmin + range.qmax) / 2.0;
  zero_point = std::clamp(std::nearbyint(zero_point), static_cast<double>(range.qmin), static_cast<double>(range.qmax));
  return {scale, static_cast<int32_t>(zero_point)};
}

}  // namespace octet::quant
