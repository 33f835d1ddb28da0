// From a real or an accumulator to a code, by the one rounding of ops/engines/round.h. (The lesson is ops/engines/requantize.md.)
//
//   quantize:    q = clamp(rne(x * (1/scale)) + zero_point, qmin, qmax)                       real -> code
//   requantize:  q = clamp(rne(fma(bias_f32, bias_factor, float(acc + bias_i32)) * multiplier) + zero_point)
//                                                                                             int32 accumulator -> code
//
// rne rounds half to even; every product and sum is rounded to float32, fma(a, b, c) = a*b + c once. PyTorch's two engines differ
// in where the bias goes, fbgemm also with the weights' scales:
//   qnnpack                         bias_i32 = rne(b * (1/(sx*sw))), bias_f32 = 0,            multiplier = (sw*sx) * (1/sy)
//   fbgemm, a scale per channel     bias_f32 = b / (sx*sw),          bias_factor = 1,         multiplier = (sx*sw) / sy
//   fbgemm, one scale               bias_f32 = b,                    bias_factor = 1/(sx*sw), multiplier = (sx*sw) / sy
// acc + bias_i32 wraps around as int32 does. Sources: ATen/native/quantized/cpu/qnnpack/src/requantization, qnnpack_utils.h;
// fbgemm/OutputProcessing-inl.h; the fma is what its vector code does, found by comparing.
#pragma once

#include <math.h>

#include <vector>

#include "ops/engines/qparams.h"
#include "ops/engines/round.h"
#include "tensor/host_device.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

OCTET_HD static inline int32_t quantize_value(float x, float inverse_scale, int32_t zero_point, CodeRange range) {
  return round_to_code(x * inverse_scale, zero_point, range);
}

OCTET_HD static inline float dequantize_value(int32_t q, QParams qparams) {
  return static_cast<float>(q - qparams.zero_point) * qparams.scale;
}

/// The epilogue of an int8 convolution or linear layer: per output channel constants and the output's codes.
struct Requantization {
  std::vector<int32_t> bias_i32;  // [K]
  std::vector<float> bias_f32;    // [K]
  float bias_factor = 1;
  std::vector<float> multiplier;  // [K]
  int32_t zero_point = 0;
  CodeRange range{0, 255};  // qmin is the zero point under relu, not 0; qmax is always 255

  /// weight_scale: one value, or one per output channel (also if there is one channel). bias: float32 [K] or undefined.
  Requantization(Engine engine, QParams input, const std::vector<float>& weight_scale, QParams output, const Tensor& bias,
                 bool relu, int64_t out_channels);

  /// As kernels that do a vector of outputs at a time read it: up to `outputs` of them, the added ones 0. Where bias_f32 is 0
  /// throughout (qnnpack), it becomes empty.
  Requantization padded(int64_t outputs) const;
};

/// The constants of one output channel.
struct ChannelConstants {
  int32_t bias_i32;
  float bias_f32, bias_factor, multiplier;
};

OCTET_HD static inline uint8_t requantize_value(int32_t acc, const ChannelConstants& c, int32_t zero_point, CodeRange range) {
  const auto sum = static_cast<float>(static_cast<int32_t>(static_cast<uint32_t>(acc) + static_cast<uint32_t>(c.bias_i32)));
  // With a factor of 1 it is a sum, which is faster where there is no instruction for fma.
  const float biased = c.bias_factor == 1.0f ? sum + c.bias_f32 : fmaf(c.bias_f32, c.bias_factor, sum);
  return static_cast<uint8_t>(round_to_code(biased * c.multiplier, zero_point, range));
}

/// One output pixel: acc [channels] -> y [channels]; the constants are those of output channels first_channel on.
void requantize(const int32_t* acc, const Requantization& r, int64_t first_channel, int64_t channels, uint8_t* y);

}  // namespace octet::ops::int8
