#include "ops/linear.h"

#include <algorithm>

#include "ops/cpu/gemm.h"

namespace octet::ops {

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  OCTET_CHECK(x.dim() == 2 && weight.dim() == 2 && x.size(1) == weight.size(1), "linear: input ", x.shape(), " and weight ",
              weight.shape(), " do not fit: expected [N, C] and [K, C]");
  const int64_t N = x.size(0), C = x.size(1), K = weight.size(0);
  OCTET_CHECK(!bias.defined() || bias.shape() == Shape{K}, "linear: bias ", bias.shape(), " for ", K, " outputs");
  Tensor y({N, K});
  if (bias.defined())
    for (int64_t n = 0; n < N; ++n) std::copy_n(bias.data<float>(), K, y.data<float>() + n * K);
  cpu::gemm_nt(N, K, C, x.data<float>(), weight.data<float>(), bias.defined() ? 1.0f : 0.0f, y.data<float>());
  return y;
}

}  // namespace octet::ops
