#include "ops/linear.h"

#include <algorithm>

#include "ops/conv2d.h"
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

LinearGradients linear_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, LinearWanted wanted) {
  const int64_t N = x.size(0), C = weight.size(1), K = weight.size(0);
  OCTET_CHECK(x.shape() == (Shape{N, C}) && dy.shape() == (Shape{N, K}), "linear_backward: gradient ", dy.shape(), " and input ",
              x.shape(), " do not fit weight ", weight.shape());
  LinearGradients d;
  if (wanted.bias) d.bias = channel_sums(dy);
  if (wanted.x) {
    d.x = Tensor(x.shape());
    cpu::gemm(N, C, K, dy.data<float>(), weight.data<float>(), 0.0f, d.x.data<float>());  // [N, K] x [K, C]
  }
  if (wanted.weight) {
    d.weight = Tensor(weight.shape());
    cpu::gemm_tn(K, C, N, dy.data<float>(), x.data<float>(), 0.0f, d.weight.data<float>());  // [N, K]^T x [N, C]
  }
  return d;
}

}  // namespace octet::ops
