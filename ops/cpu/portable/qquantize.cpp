#include "ops/cpu/qquantize.h"

#include "ops/cpu/isa.h"
#include "ops/cpu/generic/qquantize_body.h"

namespace octet::ops::cpu {

void quantize_row_portable(const float* x, int64_t plane_stride, int64_t C, int64_t W, const QuantizeConstants& constants,
                           uint8_t* codes) {
  quantize_row_body(x, plane_stride, C, W, constants, codes);
}

QuantizeRow quantize_row() { return use(Isa::avx2) ? quantize_row_avx2 : quantize_row_portable; }

}  // namespace octet::ops::cpu
