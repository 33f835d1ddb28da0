#include "ops/gemm.h"

#include "ops/cpu/gemm.h"
#include "ops/cuda/gemm.h"
#include "tensor/error.h"

namespace octet::ops {

void gemm(const Gemm& g, Device device) {
  OCTET_CHECK(!g.transpose_a || !g.transpose_b, "gemm: both matrices are to be transposed, which no product here needs");
  if (device == Device::cuda) return cuda::gemm(g);
  const auto product = g.transpose_a ? cpu::gemm_tn : g.transpose_b ? cpu::gemm_nt : cpu::gemm;
  for (int64_t i = 0; i < g.batch; ++i)
    product(g.m, g.n, g.k, g.a + i * g.stride_a, g.b + i * g.stride_b, g.beta, g.c + i * g.stride_c);
}

}  // namespace octet::ops
