#include "ops/int8/quantize.h"

#include "ops/int8/requantize.h"

namespace octet::ops::int8 {

Tensor quantize(const Tensor& x, QParams qparams) {
  check_qparams(qparams, DType::quint8, "quantize");
  Tensor codes(x.shape(), DType::quint8);
  const float* px = x.data<float>();
  uint8_t* pc = codes.data<uint8_t>();
  const float inverse_scale = 1.0f / qparams.scale;
  const int32_t zero_point = qparams.zero_point;
  const int64_t n = x.numel();
#pragma omp parallel for simd
  for (int64_t i = 0; i < n; ++i) pc[i] = static_cast<uint8_t>(quantize_value(px[i], inverse_scale, zero_point, {0, 255}));
  return to_channels_last(codes);
}

Tensor dequantize(const Tensor& codes, QParams qparams) {
  OCTET_CHECK(codes.dtype() == DType::quint8, "dequantize: expected quint8, got ", codes.dtype());
  const Tensor nchw = to_channels_first(codes);
  Tensor x(nchw.shape());
  const uint8_t* pc = nchw.data<uint8_t>();
  float* px = x.data<float>();
  for (int64_t i = 0; i < x.numel(); ++i) px[i] = dequantize_value(pc[i], qparams);
  return x;
}

Tensor quantize_weight(const Tensor& weight, const std::vector<float>& scale) {
  const int64_t K = weight.size(0), row = K ? weight.numel() / K : 0;
  OCTET_CHECK(scale.size() == 1 || static_cast<int64_t>(scale.size()) == K, "quantize_weight: ", scale.size(),
              " scales for shape ", weight.shape());
  Tensor codes(weight.shape(), DType::qint8);
  const float* pw = weight.data<float>();
  int8_t* pc = codes.data<int8_t>();
  for (int64_t k = 0; k < K; ++k) {
    const float s = scale[scale.size() == 1 ? 0 : static_cast<size_t>(k)];
    check_qparams({s, 0}, DType::qint8, "quantize_weight");
    const float inverse_scale = 1.0f / s;
    for (int64_t i = k * row; i < (k + 1) * row; ++i)
      pc[i] = static_cast<int8_t>(quantize_value(pw[i], inverse_scale, 0, {-128, 127}));
  }
  return codes;
}

}  // namespace octet::ops::int8
