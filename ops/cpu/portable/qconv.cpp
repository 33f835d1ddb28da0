// The direct convolution of ops/cpu/qconv.h in plain loops: values are int16.
#include "ops/cpu/portable/code_of.h"
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

void conv_strip(const ConvView& w, const ConvTile& tile, int64_t strip) {
  const int16_t* weights = static_cast<const int16_t*>(w.strips) + strip * w.rows * w.run * kStrip;
  const int64_t first = strip * kStrip, outputs = w.outputs - first < kStrip ? w.outputs - first : kStrip;
  for (int m = 0; m < tile.pixels; ++m) {
    const int16_t* x = static_cast<const int16_t*>(tile.windows[m]);
    uint32_t sum[kStrip] = {};
    for (int64_t r = 0; r < w.rows; ++r) add_products(x + r * tile.row_stride, weights + r * w.run * kStrip, w.run, sum);
    uint8_t* y = tile.y + m * w.y_pixel + first;
    for (int64_t k = 0; k < outputs; ++k) y[k] = code_of(static_cast<int32_t>(sum[k]), first + k, w);
  }
}

}  // namespace

const ConvKernel portable::qconv = {DType::i16, kStrip, kGroup, conv_strip};

}  // namespace octet::ops::cpu
