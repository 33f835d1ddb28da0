// softmax of the channels of one pixel (ops/softmax.h has the formulas): for the CPU and the device.
#pragma once

#include <math.h>

#include <cstdint>

#include "tensor/host_device.h"

namespace octet::ops {

/// value(c): of channel c; put(c, share): takes its result. Sums in float64.
template <class Value, class Put>
OCTET_HD void softmax_of(int64_t C, const Value& value, const Put& put) {
  float largest = value(0);
  for (int64_t c = 1; c < C; ++c) largest = value(c) > largest ? value(c) : largest;
  double sum = 0;
  for (int64_t c = 0; c < C; ++c) sum += exp(static_cast<double>(value(c) - largest));
  for (int64_t c = 0; c < C; ++c) put(c, static_cast<float>(exp(static_cast<double>(value(c) - largest)) / sum));
}

/// Values and gradients are `stride` apart.
OCTET_HD inline void softmax_backward_of(const float* dy, const float* y, int64_t C, int64_t stride, float* dx) {
  double sum = 0;
  for (int64_t c = 0; c < C; ++c) sum += static_cast<double>(dy[c * stride]) * y[c * stride];
  for (int64_t c = 0; c < C; ++c) dx[c * stride] = y[c * stride] * (dy[c * stride] - static_cast<float>(sum));
}

/// Codes x [C]; exponentials [256]: by how far a code is below the largest.
OCTET_HD inline void softmax_of_whole_numbers(const uint8_t* x, int64_t C, const uint32_t* exponentials, uint8_t* y) {
  int largest = x[0];
  for (int64_t c = 1; c < C; ++c) largest = x[c] > largest ? x[c] : largest;
  uint64_t sum = 0;
  for (int64_t c = 0; c < C; ++c) sum += exponentials[largest - x[c]];
  for (int64_t c = 0; c < C; ++c) {
    const uint64_t share = (256 * static_cast<uint64_t>(exponentials[largest - x[c]]) + sum / 2) / sum;
    y[c] = static_cast<uint8_t>(share < 255 ? share : 255);
  }
}

}  // namespace octet::ops
