// Sums of codes (ops/engines/addition.h), element by element, on one thread: the loops of ops/int8/add.h. PyTorch counterpart:
// torch.ops.quantized.add, of its engines qnnpack and fbgemm.
#pragma once

#include <cstdint>

#include "ops/engines/addition.h"

namespace octet::ops::cpu {

using int8::QAddFloat;
using int8::QAddShift;

/// Codes in memory: `rows` runs of n, the first of each `stride` codes behind that of the run before.
struct QAddRuns {
  int64_t rows, n, stride;
};

/// y = a + b; y may be a or b.
struct QAddKernels {
  void (*by_shift)(const uint8_t* a, const uint8_t* b, const QAddRuns& runs, const QAddShift& constants, uint8_t* y);
  void (*by_float)(const uint8_t* a, const uint8_t* b, const QAddRuns& runs, const QAddFloat& constants, uint8_t* y);
};

}  // namespace octet::ops::cpu
