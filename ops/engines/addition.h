// The sum of two codes, each with its scale, as an engine computes it: ops/int8/add.h says where the formulas come from and makes
// the constants. For kernels on the CPU (ops/cpu/qadd.h) and on the device.
#pragma once

#include <math.h>

#include <cstdint>

#include "ops/engines/engine.h"
#include "ops/engines/round.h"
#include "tensor/host_device.h"

namespace octet::ops::int8 {

/// qnnpack: q = ((a - za) * ma + (b - zb) * mb) / 2^shift, rounded to nearest, half away from zero, + zy, clamped.
///   2.5 -> 3: shift by one bit less, which gives 5, add 1, drop the last bit: 6 >> 1 = 3
///   -2.5 -> -3: the same after subtracting 1 from the sum, which makes it a little less than -2.5: -6 + 1 = -5, -5 >> 1 = -3
struct QAddShift {
  int32_t za, zb, ma, mb, shift, zy, qmin;  // codes end at 255
};
/// fbgemm: v = (fma(a, sa, -za * sa) + fma(b, sb, -zb * sb)) * inverse_scale, q = clamp(rne(v) + zy).
struct QAddFloat {
  float sa, offset_a, sb, offset_b, inverse_scale;
  int32_t zy, qmin;  // codes end at 255
};

// One element. Static, as what kernel files of several instruction sets share.
OCTET_HD static inline uint8_t sum_by_shift(int32_t a, int32_t b, const QAddShift& c) {
  const int32_t acc = (a - c.za) * c.ma + (b - c.zb) * c.mb;  // below 2 * 255 * 2^22 < 2^31
  int32_t q = ((((acc + (acc >> 31)) >> (c.shift - 1)) + 1) >> 1) + c.zy;
  q = q < c.qmin ? c.qmin : q;
  return static_cast<uint8_t>(q > 255 ? 255 : q);
}
OCTET_HD static inline uint8_t sum_by_float(int32_t a, int32_t b, const QAddFloat& c) {
  const float real_a = fmaf(static_cast<float>(a), c.sa, c.offset_a), real_b = fmaf(static_cast<float>(b), c.sb, c.offset_b);
  return static_cast<uint8_t>(round_to_code((real_a + real_b) * c.inverse_scale, c.zy, {c.qmin, 255}));
}

/// The engine's rule, and its constants.
struct QAdd {
  AdditionRule rule = AdditionRule::fixed_point;
  QAddShift shift{};
  QAddFloat real{};
  OCTET_HD uint8_t operator()(uint8_t a, uint8_t b) const {
    switch (rule) {
      case AdditionRule::fixed_point:
        return sum_by_shift(a, b, shift);
      case AdditionRule::real:
        return sum_by_float(a, b, real);
    }
    return 0;
  }
};

/// What is added to codes as soon as they are made, on the device; nothing, if `rule` is null.
struct CodesToAdd {
  const QAdd* rule = nullptr;
  const uint8_t* codes = nullptr;  // the second summands
};

}  // namespace octet::ops::int8
