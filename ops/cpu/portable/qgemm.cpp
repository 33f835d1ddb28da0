// The product of ops/cpu/qgemm.h in plain loops.
#include "ops/cpu/portable/kernels.h"

namespace octet::ops::cpu::portable {

void qgemm(const int16_t* a, int64_t rows, const int16_t* panels, int64_t ld, int64_t depth, int32_t* acc) {
  const int64_t pairs = depth / 2;
  for (int64_t k = 0; k < ld; k += kPanel) {
    const int16_t* panel = panels + k * depth;
    for (int64_t m = 0; m < rows; ++m) {
      int32_t sum[kPanel] = {};
      for (int64_t d = 0; d < pairs; ++d) {
        const int32_t a0 = a[m * depth + 2 * d], a1 = a[m * depth + 2 * d + 1];
        const int16_t* b = panel + d * kPanel * 2;
        for (int64_t j = 0; j < kPanel; ++j) sum[j] += a0 * b[2 * j] + a1 * b[2 * j + 1];
      }
      for (int64_t j = 0; j < kPanel; ++j) acc[m * ld + k + j] = sum[j];
    }
  }
}

}  // namespace octet::ops::cpu::portable
