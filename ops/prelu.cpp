#include "ops/prelu.h"

#include <vector>

#include "ops/cuda/norms.h"

namespace octet::ops {
namespace {

/// Values in a row that share a weight.
int64_t run_of(const Tensor& x, const Tensor& weight) {
  OCTET_CHECK(x.dim() >= 2 && weight.dim() == 1 && (weight.numel() == 1 || weight.numel() == x.size(1)), "prelu: weight ",
              weight.shape(), " for ", x.shape(), ", expected one number, or one for each channel");
  check_same_device("prelu", {&x, &weight});
  const int64_t planes = x.size(0) * x.size(1);
  return planes > 0 ? x.numel() / planes : 1;
}

}  // namespace

Tensor prelu(const Tensor& x, const Tensor& weight) {
  const int64_t run = run_of(x, weight), channels = weight.numel();
  Tensor y(x.shape(), DType::f32, x.device());
  if (x.on_cuda()) return cuda::prelu(x, weight, run, y), y;
  const float *from = x.data<float>(), *w = weight.data<float>();
  float* to = y.data<float>();
  const int64_t rows = run > 0 ? x.numel() / run : 0;
#pragma omp parallel for
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = row * run; i < (row + 1) * run; ++i) to[i] = from[i] > 0 ? from[i] : w[row % channels] * from[i];
  return y;
}

PReluGradients prelu_backward(const Tensor& dy, const Tensor& x, const Tensor& weight) {
  const int64_t run = run_of(x, weight), channels = weight.numel();
  OCTET_CHECK(dy.shape() == x.shape(), "prelu_backward: gradient ", dy.shape(), " for values ", x.shape());
  PReluGradients d{Tensor(x.shape(), DType::f32, x.device()), Tensor(weight.shape(), DType::f32, x.device())};
  if (x.on_cuda()) return cuda::prelu_backward(dy, x, weight, run, d.x, d.weight), d;
  std::vector<double> sums(static_cast<size_t>(channels));
  const float *values = x.data<float>(), *gradient = dy.data<float>(), *w = weight.data<float>();
  float* dx = d.x.data<float>();
  for (int64_t row = 0; row * run < x.numel(); ++row) {
    double& sum = sums[static_cast<size_t>(row % channels)];
    for (int64_t i = row * run; i < (row + 1) * run; ++i) {
      dx[i] = values[i] > 0 ? gradient[i] : w[row % channels] * gradient[i];
      if (!(values[i] > 0)) sum += static_cast<double>(gradient[i]) * static_cast<double>(values[i]);
    }
  }
  for (size_t c = 0; c < sums.size(); ++c) d.weight.data<float>()[c] = static_cast<float>(sums[c]);
  return d;
}

}  // namespace octet::ops
