// The loop of ops/cpu/qquantize.h, which each kernel file compiles for its instruction set. Static, as everything that is
// compiled twice.
#pragma once

#include "ops/cpu/qquantize.h"
#include "ops/engines/round.h"

namespace octet::ops::cpu {
namespace {

void quantize_run(const float* x, int64_t n, const QuantizeConstants& constants, uint8_t* codes) {
  const QuantizeConstants c = constants;
#pragma omp simd
  for (int64_t i = 0; i < n; ++i)
    codes[i] = static_cast<uint8_t>(int8::round_to_code(x[i] * c.inverse_scale, c.zero_point, {0, 255}));
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
