#include "ops/cpu/affine.h"

#include <cmath>

#include "ops/cpu/isa.h"

namespace octet::ops::cpu {

void affine(const float* x, int64_t n, float alpha, float beta, float* y) {
  (use(Isa::avx2) ? affine_avx2 : affine_portable)(x, n, alpha, beta, y);
}

void affine_portable(const float* x, int64_t n, float alpha, float beta, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = std::fma(x[i], alpha, beta);
}

}  // namespace octet::ops::cpu
