#include "ops/cpu/qconv.h"

#include "ops/cpu/qgemm.h"

namespace octet::ops::cpu {

ConvWeights::ConvWeights(const Tensor& weight, int32_t input_zero_point, const int8::Requantization& r)
    : outputs(weight.size(0)),
      rows(weight.size(2)),
      run((weight.size(1) * weight.size(3) + kConvGroup - 1) / kConvGroup * kConvGroup),
      bias_i32(r.bias_i32),
      bias_f32(r.bias_f32),
      multiplier(r.multiplier),
      zero_point(r.zero_point),
      range(r.range) {
  check_depth(weight.numel() / outputs);
  const int64_t C = weight.size(1), S = weight.size(3), count = (outputs + kConvStrip - 1) / kConvStrip;
  strips = Tensor::zeros({count, rows, run / kConvGroup, kConvStrip, kConvGroup}, DType::i8);
  const int8_t* from = weight.data<int8_t>();
  int8_t* to = strips.data<int8_t>();
  for (int64_t k = 0; k < outputs; ++k) {
    uint32_t sum = 0;
    for (int64_t c = 0; c < C; ++c)
      for (int64_t h = 0; h < rows; ++h)
        for (int64_t s = 0; s < S; ++s) {
          const int8_t w = *from++;
          const int64_t i = s * C + c;  // in the run
          to[k / kConvStrip * rows * run * kConvStrip + (h * run + i / kConvGroup * kConvGroup) * kConvStrip +
             k % kConvStrip * kConvGroup + i % kConvGroup] = w;
          sum += static_cast<uint32_t>(w);
        }
    const auto unsigned_bias = static_cast<uint32_t>(bias_i32[static_cast<size_t>(k)]);
    bias_i32[static_cast<size_t>(k)] = static_cast<int32_t>(unsigned_bias - static_cast<uint32_t>(input_zero_point) * sum);
  }
  const auto padded = static_cast<size_t>(count * kConvStrip);
  bias_i32.resize(padded);
  bias_f32.resize(padded);
  multiplier.resize(padded);
}

}  // namespace octet::ops::cpu
