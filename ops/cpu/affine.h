// y[i] = fma(x[i], alpha, beta): one rounding per element, on every instruction set.
#pragma once

#include <cstdint>

namespace octet::ops::cpu {

void affine(const float* x, int64_t n, float alpha, float beta, float* y);

void affine_avx2(const float* x, int64_t n, float alpha, float beta, float* y);
void affine_portable(const float* x, int64_t n, float alpha, float beta, float* y);

}  // namespace octet::ops::cpu
