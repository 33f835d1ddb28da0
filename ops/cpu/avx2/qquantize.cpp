// The loop of ops/cpu/generic/qquantize_body.h, vectorised by the compiler for AVX2.
#include "ops/cpu/avx2/kernels.h"
#include "ops/cpu/generic/qquantize_body.h"

namespace octet::ops::cpu {

void avx2::quantize_row(const float* x, int64_t plane_stride, int64_t C, int64_t W, const QuantizeConstants& constants,
                        uint8_t* codes) {
  quantize_row_body(x, plane_stride, C, W, constants, codes);
}

}  // namespace octet::ops::cpu
