// ops/cpu/affine.h, eight floats at a time.
#include <immintrin.h>

#include <cmath>

#include "ops/cpu/avx2/kernels.h"

namespace octet::ops::cpu {

void avx2::affine(const float* x, int64_t n, float alpha, float beta, float* y) {
  const __m256 a = _mm256_set1_ps(alpha), b = _mm256_set1_ps(beta);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(y + i, _mm256_fmadd_ps(_mm256_loadu_ps(x + i), a, b));
  for (; i < n; ++i) y[i] = std::fma(x[i], alpha, beta);
}

}  // namespace octet::ops::cpu
