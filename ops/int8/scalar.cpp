// A table of 256 codes for a number that is added or multiplied, and the scale that follows.
#include "ops/int8/scalar.h"

#include <algorithm>
#include <cmath>

namespace octet::ops::int8 {
namespace {

/// scale: of the result, in float64 as PyTorch has it; of_code(q): the code of the result.
template <class OfCode>
ScalarCodes made(double scale, int32_t zero_point, bool relu, OfCode of_code) {
  ScalarCodes y{{static_cast<float>(scale), zero_point}, {}};
  check_qparams(y.output, DType::quint8, "the result of codes and a number");
  for (int32_t q = 0; q < 256; ++q)
    y.table[static_cast<size_t>(q)] = static_cast<uint8_t>(std::max(of_code(q), relu ? zero_point : 0));
  return y;
}

ScalarCodes product(double c, bool relu, QParams in) {
  const double scale = std::fabs(c) * in.scale;
  if (c == 0) return made(1, 0, relu, [](int32_t) { return 0; });
  if (c > 0) return made(scale, in.zero_point, relu, [](int32_t q) { return q; });
  return made(scale, 255 - in.zero_point, relu, [](int32_t q) { return 255 - q; });
}

ScalarCodes sum(double c, bool relu, QParams in) {
  const double steps = std::nearbyint(c / in.scale);
  OCTET_CHECK(std::fabs(steps) < 1e9, "a sum of codes of scale ", in.scale, " and ", c, ": too large for them");
  const auto zero = static_cast<int32_t>(in.zero_point - static_cast<int64_t>(steps));  // the code that would stand for 0
  if (zero >= 0 && zero <= 255) return made(in.scale, zero, relu, [](int32_t q) { return q; });
  const int32_t zero_point = zero < 0 ? 0 : 255;
  const double scale = (zero < 0 ? 255.0 - zero : zero) / 255.0 * in.scale;
  const float factor = in.scale * (1.0f / static_cast<float>(scale));
  return made(scale, zero_point, relu, [&](int32_t q) {
    return round_to_code(static_cast<float>(q - zero) * factor, zero_point, {0, 255});
  });
}

}  // namespace

ScalarCodes scalar_codes(ScalarKind kind, double c, bool relu, QParams input) {
  OCTET_CHECK(std::isfinite(c), "codes and the number ", c, ": expected a finite one");
  return kind == ScalarKind::add ? sum(c, relu, input) : product(c, relu, input);
}

}  // namespace octet::ops::int8
