#include "ops/int8/mean.h"

#include "ops/cuda/norms.h"
#include "ops/engines/requantize.h"
#include "ops/int8/pool.h"
#include "ops/support/torch_sum.h"

namespace octet::ops::int8 {
namespace {

Tensor mean_of_reals(const Tensor& x, QParams qparams) {
  const int64_t N = x.size(0), pixels = x.size(1) * x.size(2), C = x.size(3);
  Tensor y({N, C}, DType::quint8, x.device());
  if (x.on_cuda()) return cuda::int8_mean(x, qparams, y), y;
  const float inverse_scale = 1.0f / qparams.scale, count = static_cast<float>(pixels);
#pragma omp parallel for
  for (int64_t i = 0; i < N * C; ++i) {
    const int64_t c = i % C;
    const uint8_t* first = x.data<uint8_t>() + i / C * pixels * C + c;
    const auto value = [&](int64_t pixel) { return dequantize_value(first[pixel * C], qparams); };
    const float sum = torch_sum(pixels, c, C, value);
    y.data<uint8_t>()[i] = static_cast<uint8_t>(quantize_value(sum / count, inverse_scale, qparams.zero_point, {0, 255}));
  }
  return y;
}

}  // namespace

Tensor mean(const Tensor& x, QParams qparams, MeanRule rule, bool keepdim) {
  OCTET_CHECK(x.dim() == 4 && x.dtype() == DType::quint8 && x.size(1) * x.size(2) > 0,
              "int8 mean: expected quint8 [N, H, W, C], got ", x.dtype(), " ", x.shape());
  check_qparams(qparams, DType::quint8, "int8 mean");
  Tensor y;
  switch (rule) {
    case MeanRule::of_codes:
      y = adaptive_avg_pool2d(x, 1, qparams, Engine::qnnpack);
      break;
    case MeanRule::of_reals:
      y = mean_of_reals(x, qparams);
      break;
  }
  return y.reshape(keepdim ? Shape{x.size(0), 1, 1, x.size(3)} : Shape{x.size(0), x.size(3)});
}

}  // namespace octet::ops::int8
