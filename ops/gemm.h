// Float matrix products on either device, row-major: OpenBLAS on the CPU (ops/cpu/gemm.h), cuBLAS on CUDA (ops/cuda/gemm.h).
#pragma once

#include <cstdint>

#include "tensor/device.h"

namespace octet::ops {

/// For each of `batch`: c [m, n] = op(a) * op(b) + beta * c,  op(a) [m, k], op(b) [k, n].
/// transpose_a: a is stored [k, m]; transpose_b: b is stored [n, k]; not both. A stride of 0 uses the same matrix each time.
/// All three are addresses on the device.
struct Gemm {
  int64_t m, n, k;
  const float* a;
  const float* b;
  float* c;
  float beta = 0;
  bool transpose_a = false, transpose_b = false;
  int64_t batch = 1, stride_a = 0, stride_b = 0, stride_c = 0;
};
void gemm(const Gemm& g, Device device);

}  // namespace octet::ops
