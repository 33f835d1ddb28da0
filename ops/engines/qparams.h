// Scale and zero point: the affine map between real values and integer codes,  real = (code - zero_point) * scale.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ops/engines/engine.h"
#include "ops/engines/round.h"
#include "tensor/dtype.h"
#include "tensor/error.h"

namespace octet::ops::int8 {

struct QParams {
  float scale = 1;
  int32_t zero_point = 0;
  bool operator==(const QParams&) const = default;
};

/// The scale of channel k. There is one for all channels, or one for each.
inline float scale_of(const std::vector<float>& scales, int64_t k) {
  return scales[scales.size() == 1 ? 0 : static_cast<size_t>(k)];
}

inline CodeRange code_range(DType dtype) {
  if (dtype == DType::quint8) return {0, 255};
  OCTET_CHECK(dtype == DType::qint8, "expected quint8 or qint8, got ", dtype);
  return {-128, 127};
}

/// Throws Error for a scale that is not a positive finite number or a zero point outside the codes.
inline void check_qparams(QParams q, DType dtype, std::string_view what) {
  OCTET_CHECK(std::isfinite(q.scale) && q.scale > 0, what, ": scale ", q.scale, " is not a positive finite number");
  const CodeRange range = code_range(dtype);
  OCTET_CHECK(q.zero_point >= range.qmin && q.zero_point <= range.qmax, what, ": zero point ", q.zero_point, " is outside ",
              range.qmin, "..", range.qmax, " of ", dtype);
}

}  // namespace octet::ops::int8
