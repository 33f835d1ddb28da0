#include "quant/observer.h"

namespace octet::quant {
namespace {

/// x * 0 is 0 for every finite x, and NaN for the others.
bool all_finite(const Tensor& x) {
  const float* p = x.data<float>();
  const int64_t n = x.numel();
  float sum = 0;
#pragma omp parallel for simd reduction(+ : sum) if (n > 65536)
  for (int64_t i = 0; i < n; ++i) sum += p[i] * 0.0f;
  return sum == 0;
}

}  // namespace

Tensor Observer::operator()(const Tensor& x) {
  OCTET_CHECK(all_finite(x), kind(), ": NaN or infinity in a tensor of shape ", x.shape());
  observe(x);
  return x;
}

}  // namespace octet::quant
