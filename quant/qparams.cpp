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

/// Python's //, for halving.
int32_t floor_half(int32_t x) { return x >> 1; }

}  // namespace

QRange QSpec::range() const {
  const ops::int8::CodeRange all = ops::int8::code_range(dtype);
  const QRange full = codes.value_or(QRange{all.qmin, all.qmax});
  return reduce_range ? QRange{floor_half(full.qmin), floor_half(full.qmax)} : full;
}

void check_spec(const QSpec& spec) {
  const ops::int8::CodeRange all = ops::int8::code_range(spec.dtype);
  const QRange codes = spec.codes.value_or(QRange{all.qmin, all.qmax});
  OCTET_CHECK(codes.qmin >= all.qmin && codes.qmax <= all.qmax && codes.qmin <= 0 && codes.qmax >= 0 && codes.qmin < codes.qmax,
              "quant_min ", codes.qmin, " and quant_max ", codes.qmax, ": expected a range within ", all.qmin, "..", all.qmax,
              " of ", spec.dtype, " that contains 0");
}

QParams calculate_qparams(float min, float max, const QSpec& spec) {
  const QRange range = spec.range();
  const float lo = std::min(min, 0.0f), hi = std::max(max, 0.0f), codes = static_cast<float>(range.qmax - range.qmin);
  if (spec.scheme == QScheme::symmetric) {
    const int32_t middle = spec.codes ? floor_half(range.qmin + range.qmax) : 128;  // 128 also under reduce_range, as in PyTorch
    return {checked_scale(std::max(-lo, hi) / (codes / 2.0f), min, max), spec.dtype == DType::quint8 ? middle : 0};
  }
  const float scale = checked_scale((hi - lo) / codes, min, max);
  const int32_t zero_point = range.qmin - static_cast<int32_t>(std::nearbyint(lo / scale));
  return {scale, std::clamp(zero_point, range.qmin, range.qmax)};
}

}  // namespace octet::quant
