#include "ops/reference/linear.h"

namespace octet::ops::reference {

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const int64_t N = x.size(0), C = x.size(1), K = weight.size(0);
  Tensor y({N, K});
  const float *px = x.data<float>(), *pw = weight.data<float>();
  for (int64_t n = 0; n < N; ++n)
    for (int64_t k = 0; k < K; ++k) {
      double sum = bias.defined() ? bias.data<float>()[k] : 0.0;
      for (int64_t c = 0; c < C; ++c) sum += static_cast<double>(px[n * C + c]) * pw[k * C + c];
      y.data<float>()[n * K + k] = static_cast<float>(sum);
    }
  return y;
}

}  // namespace octet::ops::reference
