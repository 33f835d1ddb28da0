// Float matrix products by OpenBLAS, for training and for the convolution that is read (ops/conv/conv2d.h): their sums depend on its
// kernels, the threads and the shapes. Row-major; called inside a parallel region they run on the calling thread alone.
#pragma once

#include <cstdint>

namespace octet::ops::cpu {

/// c [m, n] = a [m, k] * b [k, n] + beta * c
void gemm(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float beta, float* c);

/// c [m, n] = a [m, k] * b [n, k]^T + beta * c
void gemm_nt(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float beta, float* c);

/// c [m, n] = a [k, m]^T * b [k, n] + beta * c
void gemm_tn(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float beta, float* c);

}  // namespace octet::ops::cpu
