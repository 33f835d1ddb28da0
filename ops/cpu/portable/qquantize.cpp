// The loop of ops/cpu/generic/qquantize_body.h, as the compiler makes it for any CPU.
#include "ops/cpu/generic/qquantize_body.h"
#include "ops/cpu/portable/kernels.h"

namespace octet::ops::cpu {

void portable::quantize_row(const float* x, int64_t plane_stride, int64_t C, int64_t W, const QuantizeConstants& constants,
                            uint8_t* codes) {
  quantize_row_body(x, plane_stride, C, W, constants, codes);
}

}  // namespace octet::ops::cpu
