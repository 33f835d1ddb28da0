// y[i] = fma(x[i], alpha, beta): one rounding per element, on every instruction set.
#pragma once

#include <cstdint>

namespace octet::ops::cpu {

using Affine = void(const float* x, int64_t n, float alpha, float beta, float* y);

}  // namespace octet::ops::cpu
