// From a real or an accumulator to a code, by the one rounding of ops/engines/round.h. (The lesson is ops/engines/requantize.md.)
//
//   quantize:    q = clamp(rne(x * (1/scale)) + zero_point, qmin, qmax)                       real -> code
//   requantize:  q = clamp(rne(fma(bias_f32, bias_factor, float(acc + bias_i32)) * multiplier) + zero_point)
//                                                                                             int32 accumulator -> code
//
//   in reals:    q = clamp(rne(((float(acc) * input) * multiplier + bias_f32) * inverse_output + zero_point))
//
// rne rounds half to even; every product and sum is rounded to float32, fma(a, b, c) = a*b + c once. The rules (LayerRule) differ
// in where the bias goes, and float_bias also with the number of the weights' scales:
//   int32_bias                         bias_i32 = rne(b * (1/(sx*sw))), bias_f32 = 0,            multiplier = (sw*sx) * (1/sy)
//   float_bias, a scale per channel    bias_f32 = b / (sx*sw),          bias_factor = 1,         multiplier = (sx*sw) / sy
//   float_bias, one scale              bias_f32 = b,                    bias_factor = 1/(sx*sw), multiplier = (sx*sw) / sy
//   real           bias_f32 = b,  input = 1/(1/sx),  multiplier = sw,        inverse_output = 1/sy
//   real_sw_twice  bias_f32 = b,  input = 1/(1/sx),  multiplier = 1/(1/sw),  inverse_output = 1/sy
// acc + bias_i32 wraps around as int32 does. Sources: ATen/native/quantized/cpu/qnnpack/src/requantization, qnnpack_utils.h;
// fbgemm/OutputProcessing-inl.h; the fma is what its vector code does, found by comparing. The last two are oneDNN's, to which
// PyTorch hands 1/sx, which it inverts again; found by comparing, on CPUs with VNNI (README says what those with AMX do).
#pragma once

#include <math.h>

#include <vector>

#include "ops/engines/qparams.h"
#include "ops/engines/quantized_layer.h"
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

/// The arithmetic that the constants below are for.
enum class Epilogue {
  int32_bias,  // bias_f32 is 0 throughout
  float_bias,
  real,  // bias_i32 is 0, but for what a kernel puts there
};

/// Of Epilogue::real.
struct RealScales {
  float input = 1, inverse_output = 1;
};

/// The epilogue of an int8 convolution or linear layer: per output channel constants and the output's codes.
struct Requantization {
  Epilogue epilogue = Epilogue::int32_bias;
  std::vector<int32_t> bias_i32;  // [K]
  std::vector<float> bias_f32;    // [K]
  float bias_factor = 1;
  std::vector<float> multiplier;  // [K]
  RealScales scales;
  int32_t zero_point = 0;
  CodeRange range{0, 255};  // qmin is the zero point under relu, not 0; qmax is always 255

  /// Of a layer by its engine's rule for layers of that kind. Throws Error for scales that it cannot work with.
  Requantization(const QuantizedLayer& layer, LayerRule rule);

  /// As kernels that do a vector of outputs at a time read it: up to `outputs` of them, the added ones 0. A float bias
  /// of 0 throughout is left out, which makes the epilogue that of an int32 bias.
  Requantization padded(int64_t outputs) const;

  /// Does every sum that these weights qint8 [K, ...] can make of codes become, before it is rounded, a number below 2^30? Kernels whose
  /// conversions of large floats do not saturate need that. It holds unless an output's scale is tiny beside those of its layer.
  bool stays_in_int32(const Tensor& weight) const;

  /// Of `count` output channels from `first` on.
  Requantization part(int64_t first, int64_t count) const;

 private:
  void add_scaled_once(const QuantizedLayer& layer, LayerRule rule, int64_t k);
  void add_real(const QuantizedLayer& layer, LayerRule rule, int64_t k);
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

/// The same for Epilogue::real.
OCTET_HD static inline uint8_t requantize_real(int32_t acc, const ChannelConstants& c, const RealScales& s, int32_t zero_point,
                                               CodeRange range) {
  const auto sum = static_cast<float>(static_cast<int32_t>(static_cast<uint32_t>(acc) + static_cast<uint32_t>(c.bias_i32)));
  const float real = sum * s.input * c.multiplier + c.bias_f32;
  return static_cast<uint8_t>(round_to_code(real * s.inverse_output + static_cast<float>(zero_point), 0, range));
}

/// One output pixel: acc [channels] -> y [channels]; the constants are those of output channels first_channel on.
void requantize(const int32_t* acc, const Requantization& r, int64_t first_channel, int64_t channels, uint8_t* y);

}  // namespace octet::ops::int8
