#include "ops/int8/quantize.h"

#include <algorithm>

#include "ops/cpu/isa.h"
#include "ops/cuda/int8_elementwise.h"
#include "ops/engines/requantize.h"

namespace octet::ops::int8 {

Tensor quantize(const Tensor& x, QParams qparams) {
  check_qparams(qparams, DType::quint8, "quantize");
  if (x.on_cuda()) {
    Tensor codes(channels_last(x.shape()), DType::quint8, Device::cuda);
    return cuda::quantize(x, qparams, codes), codes;
  }
  const cpu::QuantizeConstants constants{1.0f / qparams.scale, qparams.zero_point};
  cpu::QuantizeRow* const quantize_row = cpu::kernels().quantize_row;
  const float* px = x.data<float>();
  if (x.dim() < 4) {
    Tensor codes(x.shape(), DType::quint8);
    quantize_row(px, x.numel(), 1, x.numel(), constants, codes.data<uint8_t>());
    return codes;
  }
  const int64_t N = x.size(0), H = x.size(-2), W = x.size(-1), C = x.numel() / std::max<int64_t>(1, N * H * W);
  Tensor codes(channels_last(x.shape()), DType::quint8);
  uint8_t* pc = codes.data<uint8_t>();
#pragma omp parallel for collapse(2)
  for (int64_t n = 0; n < N; ++n)
    for (int64_t h = 0; h < H; ++h) quantize_row(px + (n * C * H + h) * W, H * W, C, W, constants, pc + (n * H + h) * W * C);
  return codes;
}

Tensor dequantize(const Tensor& codes, QParams qparams) {
  OCTET_CHECK(codes.dtype() == DType::quint8, "dequantize: expected quint8, got ", codes.dtype());
  check_qparams(qparams, DType::quint8, "dequantize");
  if (codes.on_cuda()) {
    Tensor x(channels_first(codes.shape()), DType::f32, Device::cuda);
    return cuda::dequantize(codes, qparams, x), x;
  }
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
    const float s = scale_of(scale, k);
    check_qparams({s, 0}, DType::qint8, "quantize_weight");
    const float inverse_scale = 1.0f / s;
    for (int64_t i = k * row; i < (k + 1) * row; ++i)
      pc[i] = static_cast<int8_t>(quantize_value(pw[i], inverse_scale, 0, {-128, 127}));
  }
  return codes;
}

}  // namespace octet::ops::int8
