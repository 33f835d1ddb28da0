// ops/cpu/affine.h in a plain loop.
#include <cmath>

#include "ops/cpu/portable/kernels.h"

namespace octet::ops::cpu {

void portable::affine(const float* x, int64_t n, float alpha, float beta, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = std::fma(x[i], alpha, beta);
}

}  // namespace octet::ops::cpu
