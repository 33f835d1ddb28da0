// The one rounding of int8: from a float to the code that it stands for. Keep everything static: this header is compiled several
// times for different instruction sets and for the device, and the linker would keep one copy of an inline function, perhaps the
// AVX-512 one.
#pragma once

#include <cstdint>

#include "tensor/host_device.h"

namespace octet::ops::int8 {

struct CodeRange {
  int32_t qmin, qmax;  // inclusive
  bool operator==(const CodeRange&) const = default;
};

/// 1.5 * 2^23: a sum of it and v, |v| <= 2^22, has no bits for a fraction, and so is rounded, half to even. Where it is taken off
/// again, rne(v) stays. Plain float sums, which vectorise on every instruction set and give the same bits on all of them.
constexpr float kRoundMagic = 12582912.0f;

OCTET_HD static inline int32_t round_half_even(float v) { return static_cast<int32_t>((v + kRoundMagic) - kRoundMagic); }

/// clamp(rne(v) + zero_point, qmin, qmax). Clamping first gives the same code (the bounds are integers and rounding is
/// monotone) and keeps infinities and large values defined, as qmin or qmax; NaN becomes qmax. (PyTorch overflows an int32 where
/// |v| reaches 2^31, and gives either end.)
OCTET_HD static inline int32_t round_to_code(float v, int32_t zero_point, CodeRange range) {
  const float low = static_cast<float>(range.qmin - zero_point), high = static_cast<float>(range.qmax - zero_point);
  v = v < high ? v : high;
  v = v > low ? v : low;
  return round_half_even(v) + zero_point;
}

}  // namespace octet::ops::int8
