#include "ops/int8/batch_norm.h"

#include <cmath>
#include <vector>

#include "ops/cuda/norms.h"
#include "ops/engines/normalization.h"
#include "ops/engines/round.h"

namespace octet::ops::int8 {

Tensor batch_norm(const Tensor& x, const BatchNormParams& params, const BatchNormCodes& codes) {
  OCTET_CHECK(x.dim() == 4 && x.dtype() == DType::quint8, "int8 batch_norm: expected quint8 [N, H, W, C], got ", x.dtype(), " ",
              x.shape());
  check_same_device("int8 batch_norm", {&x, &params.weight, &params.bias, &params.running_mean, &params.running_var});
  const int64_t C = x.size(3);
  for (const Tensor& t : {params.weight, params.bias, params.running_mean, params.running_var})
    OCTET_CHECK(t.shape() == Shape{C}, "int8 batch_norm: parameters ", t.shape(), " for ", C, " channels");
  for (const QParams& q : {codes.input, codes.output}) check_qparams(q, DType::quint8, "int8 batch_norm");
  check_dtype("int8 batch_norm", DType::f32, {&params.weight, &params.bias, &params.running_mean, &params.running_var});
  if (x.on_cuda()) {
    Tensor y(x.shape(), DType::quint8, Device::cuda);
    cuda::int8_batch_norm(x, params.weight, params.bias, params.running_mean, params.running_var, params.eps, codes.input,
                          codes.output, codes.relu, y);
    return y;
  }
  std::vector<float> factor(static_cast<size_t>(C)), offset(factor.size());
  for (int64_t c = 0; c < C; ++c) {
    const auto of = [c](const Tensor& t) { return t.data<float>()[c]; };
    const BatchNormFactors f = batch_norm_factors(of(params.weight), of(params.bias), of(params.running_mean),
                                                  of(params.running_var), params.eps, codes.input, codes.output);
    factor[static_cast<size_t>(c)] = f.factor, offset[static_cast<size_t>(c)] = f.offset;
    OCTET_CHECK(std::isfinite(factor[static_cast<size_t>(c)]) && std::isfinite(offset[static_cast<size_t>(c)]),
                "int8 batch_norm: the parameters of channel ", c, " give factor ", factor[static_cast<size_t>(c)],
                " and summand ", offset[static_cast<size_t>(c)], " of codes, expected finite ones");
  }
  Tensor y(x.shape(), DType::quint8);
  const CodeRange range{codes.relu ? codes.output.zero_point : 0, 255};
  const int64_t pixels = C ? x.numel() / C : 0;
#pragma omp parallel for
  for (int64_t p = 0; p < pixels; ++p)
    for (int64_t c = 0; c < C; ++c) {
      const auto steps = static_cast<float>(x.data<uint8_t>()[p * C + c] - codes.input.zero_point);
      const float v = std::fma(steps, factor[static_cast<size_t>(c)], offset[static_cast<size_t>(c)]);
      y.data<uint8_t>()[p * C + c] = static_cast<uint8_t>(round_to_code(v, codes.output.zero_point, range));
    }
  return y;
}

}  // namespace octet::ops::int8
