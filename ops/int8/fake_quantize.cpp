#include "ops/int8/fake_quantize.h"

#include "ops/int8/quantize.h"
#include "ops/int8/requantize.h"

namespace octet::ops::int8 {

Tensor fake_quantize(const Tensor& x, QParams q, CodeRange codes) {
  OCTET_CHECK(std::isfinite(q.scale) && q.scale > 0, "fake_quantize: scale ", q.scale, " is not a positive finite number");
  Tensor y(x.shape());
  const float* px = x.data<float>();
  float* py = y.data<float>();
  const float inverse_scale = 1.0f / q.scale;
  const int64_t n = x.numel();
#pragma omp parallel for simd
  for (int64_t i = 0; i < n; ++i) py[i] = dequantize_value(quantize_value(px[i], inverse_scale, q.zero_point, codes), q);
  return y;
}

Tensor fake_quantize_weight(const Tensor& weight, const std::vector<float>& scale) {
  const Tensor codes = quantize_weight(weight, scale);
  Tensor y(weight.shape());
  const int64_t K = weight.size(0), row = K ? weight.numel() / K : 0;
  for (int64_t k = 0; k < K; ++k) {
    const float s = scale[scale.size() == 1 ? 0 : static_cast<size_t>(k)];
    for (int64_t i = k * row; i < (k + 1) * row; ++i) y.data<float>()[i] = dequantize_value(codes.data<int8_t>()[i], {s, 0});
  }
  return y;
}

}  // namespace octet::ops::int8
