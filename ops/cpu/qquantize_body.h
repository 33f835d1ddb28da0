// The loop of ops/cpu/qquantize.h, which each kernel file compiles for its instruction set. Static, as everything that is
// compiled twice.
#pragma once

#include "ops/cpu/qquantize.h"

namespace octet::ops::cpu {
namespace {

void quantize_run(const float* x, int64_t n, const QuantizeConstants& constants, uint8_t* codes) {
  constexpr float kMagic = 12582912.0f;  // rounds half to even: ops/int8/requantize.h
  const QuantizeConstants c = constants;
  const auto low = static_cast<float>(-c.zero_point), high = static_cast<float>(255 - c.zero_point);
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    float v = x[i] * c.inverse_scale;
    v = v < high ? v : high;  // NaN becomes 255
    v = v > low ? v : low;
    codes[i] = static_cast<uint8_t>(static_cast<int32_t>((v + kMagic) - kMagic) + c.zero_point);
  }
}

void quantize_row_body(const float* x, int64_t plane_stride, int64_t C, int64_t W, const QuantizeConstants& constants,
                       uint8_t* codes) {
  constexpr int64_t kBlock = 256;
  uint8_t planes[3][kBlock];
  for (int64_t first = 0; first < W; first += kBlock) {
    const int64_t n = W - first < kBlock ? W - first : kBlock;
    uint8_t* to = codes + first * C;
    if (C == 3) {  // an image: its three planes are interleaved with a constant stride, which makes shuffles
      for (int64_t c = 0; c < 3; ++c) quantize_run(x + c * plane_stride + first, n, constants, planes[c]);
      for (int64_t i = 0; i < n; ++i) {
        to[3 * i] = planes[0][i];
        to[3 * i + 1] = planes[1][i];
        to[3 * i + 2] = planes[2][i];
      }
      continue;
    }
    for (int64_t c = 0; c < C; ++c) {
      quantize_run(x + c * plane_stride + first, n, constants, planes[0]);
      for (int64_t i = 0; i < n; ++i) to[i * C + c] = planes[0][i];
    }
  }
}

}  // namespace
}  // namespace octet::ops::cpu
