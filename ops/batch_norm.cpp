#include "ops/batch_norm.h"

#include <cmath>

#include "ops/cpu/isa.h"
#include "ops/cuda/batch_norm.h"

namespace octet::ops {

Tensor batch_norm(const Tensor& x, const BatchNormParams& params) {
  OCTET_CHECK(x.dim() == 2 || x.dim() == 4, "batch_norm: expected input [N, C] or [N, C, H, W], got ", x.shape());
  const int64_t N = x.size(0), C = x.size(1), plane = x.dim() == 4 ? x.size(2) * x.size(3) : 1;
  for (const Tensor* t : {&params.weight, &params.bias, &params.running_mean, &params.running_var})
    OCTET_CHECK(t->shape() == Shape{C}, "batch_norm: input ", x.shape(), " needs parameters of shape [", C, "], got ",
                t->shape());
  check_same_device("batch_norm", {&x, &params.weight, &params.bias, &params.running_mean, &params.running_var});
  if (x.on_cuda()) {
    Tensor y(x.shape(), DType::f32, Device::cuda);
    return cuda::batch_norm(x, params, y), y;
  }
  std::vector<float> alpha(static_cast<size_t>(C)), beta(static_cast<size_t>(C));
  for (int64_t c = 0; c < C; ++c) {
    alpha[c] = params.weight.data<float>()[c] * inverse_std(params.running_var.data<float>()[c], params.eps);
    beta[c] = std::fma(-params.running_mean.data<float>()[c], alpha[c], params.bias.data<float>()[c]);
  }
  Tensor y(x.shape());
  const float* px = x.data<float>();
  float* py = y.data<float>();
#pragma omp parallel for
  for (int64_t n = 0; n < N; ++n) {
    if (plane == 1)
      for (int64_t c = 0; c < C; ++c) py[n * C + c] = std::fma(px[n * C + c], alpha[c], beta[c]);
    else
      for (int64_t c = 0; c < C; ++c)
        cpu::kernels().affine(px + (n * C + c) * plane, plane, alpha[c], beta[c], py + (n * C + c) * plane);
  }
  return y;
}

Tensor inverse_std(const Tensor& variance, float eps) {
  Tensor y(variance.shape(), DType::f32, variance.device());
  if (variance.on_cuda()) return cuda::inverse_std(variance, eps, y), y;
  for (int64_t c = 0; c < y.numel(); ++c) y.data<float>()[c] = inverse_std(variance.data<float>()[c], eps);
  return y;
}

}  // namespace octet::ops
