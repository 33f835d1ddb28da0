// Sums of codes, element by element, on one thread: the loops of ops/int8/add.h, which says where the formulas come from and
// makes the constants. PyTorch counterpart: torch.ops.quantized.add, of its engines qnnpack and fbgemm.
#pragma once

#include <math.h>

#include <cstdint>

#include "ops/engines/engine.h"
#include "ops/engines/round.h"
#include "tensor/host_device.h"

namespace octet::ops::cpu {

/// qnnpack: q = ((a - za) * ma + (b - zb) * mb) / 2^shift, rounded to nearest, half away from zero, + zy, clamped. One less for
/// negative sums makes their halves go down; one bit more than wanted is kept, 1 added to it, and the bit dropped.
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
  return static_cast<uint8_t>(int8::round_to_code((real_a + real_b) * c.inverse_scale, c.zy, {c.qmin, 255}));
}

/// The engine's rule, and its constants.
struct QAdd {
  int8::AdditionRule rule = int8::AdditionRule::fixed_point;
  QAddShift shift{};
  QAddFloat real{};
  OCTET_HD uint8_t operator()(uint8_t a, uint8_t b) const {
    switch (rule) {
      case int8::AdditionRule::fixed_point:
        return sum_by_shift(a, b, shift);
      case int8::AdditionRule::real:
        return sum_by_float(a, b, real);
    }
    return 0;
  }
};

/// Codes in memory: `rows` runs of n, the first of each `stride` codes behind that of the run before.
struct QAddRuns {
  int64_t rows, n, stride;
};

/// y = a + b; y may be a or b.
struct QAddKernels {
  void (*by_shift)(const uint8_t* a, const uint8_t* b, const QAddRuns& runs, const QAddShift& constants, uint8_t* y);
  void (*by_float)(const uint8_t* a, const uint8_t* b, const QAddRuns& runs, const QAddFloat& constants, uint8_t* y);
};

/// For active_isa().
const QAddKernels& qadd_kernels();

extern const QAddKernels kQAddPortable, kQAddAvx2, kQAddAvx512Vnni;

}  // namespace octet::ops::cpu
