// Sums of codes, element by element, on one thread: the loops of ops/int8/add.h, which says where the formulas come from and
// makes the constants. PyTorch counterpart: torch.ops.quantized.add, of its engines qnnpack and fbgemm.
#pragma once

#include <cstdint>

namespace octet::ops::cpu {

/// qnnpack: q = ((a - za) * ma + (b - zb) * mb) / 2^shift, rounded to nearest, half away from zero, + zy, clamped. One less for
/// negative sums makes their halves go down; one bit more than wanted is kept, 1 added to it, and the bit dropped.
struct QAddShift {
  int32_t za, zb, ma, mb, shift, zy, qmin, qmax;
};
/// fbgemm: v = (fma(a, sa, -za * sa) + fma(b, sb, -zb * sb)) * inverse_scale, q = clamp(rne(v) + zy).
struct QAddFloat {
  float sa, offset_a, sb, offset_b, inverse_scale;
  int32_t zy, qmin, qmax;
};

struct QAddKernels {
  void (*by_shift)(const uint8_t* a, const uint8_t* b, int64_t n, const QAddShift& constants, uint8_t* y);
  void (*by_float)(const uint8_t* a, const uint8_t* b, int64_t n, const QAddFloat& constants, uint8_t* y);
};

/// For active_isa().
const QAddKernels& qadd_kernels();

extern const QAddKernels kQAddPortable, kQAddAvx2, kQAddAvx512Vnni;

}  // namespace octet::ops::cpu
