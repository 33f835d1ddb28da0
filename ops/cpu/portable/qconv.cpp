// The direct convolution of ops/cpu/qconv.h in plain loops: values are int16.
#include "ops/cpu/portable/kernels.h"

namespace octet::ops::cpu {
namespace {

constexpr int64_t kStrip = 16, kGroup = 2;

/// sum[k] += over i < run of x[i] * weight[k][i]; weights [run/2, strip, 2]. Modulo 2^32.
void add_products(const int16_t* x, const int16_t* weights, int64_t run, uint32_t* sum) {
  for (int64_t i = 0; i < run; i += kGroup, weights += kGroup * kStrip)
    for (int64_t k = 0; k < kStrip; ++k)
      sum[k] += static_cast<uint32_t>(x[i] * weights[2 * k]) + static_cast<uint32_t>(x[i + 1] * weights[2 * k + 1]);
}

uint8_t code_of(int32_t sum, const int8::ChannelConstants& constants, const ConvView& w) {
  if (w.epilogue == int8::Epilogue::real) return int8::requantize_real(sum, constants, w.scales, w.zero_point, {w.qmin, 255});
  return int8::requantize_value(sum, constants, w.zero_point, {w.qmin, 255});
}

void conv_strip(const ConvView& w, const ConvTile& tile, int64_t strip) {
  const int16_t* weights = static_cast<const int16_t*>(w.strips) + strip * w.rows * w.run * kStrip;
  const int64_t first = strip * kStrip, outputs = w.outputs - first < kStrip ? w.outputs - first : kStrip;
  for (int m = 0; m < tile.pixels; ++m) {
    const int16_t* x = static_cast<const int16_t*>(tile.windows[m]);
    uint32_t sum[kStrip] = {};
    for (int64_t r = 0; r < w.rows; ++r) add_products(x + r * tile.row_stride, weights + r * w.run * kStrip, w.run, sum);
    for (int64_t k = 0; k < outputs; ++k) {
      const int64_t at = first + k;
      const int8::ChannelConstants constants{w.bias_i32[at], w.bias_f32 ? w.bias_f32[at] : 0.0f, w.bias_factor, w.multiplier[at]};
      tile.y[m * w.outputs + at] = code_of(static_cast<int32_t>(sum[k]), constants, w);
    }
  }
}

}  // namespace

const ConvKernel portable::qconv = {DType::i16, kStrip, kGroup, conv_strip};

}  // namespace octet::ops::cpu
