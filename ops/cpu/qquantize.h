// From planes of floats to channels-last codes, one row of an image on one thread: the loop of ops/int8/quantize.h.
#pragma once

#include <cstdint>

namespace octet::ops::cpu {

/// q = clamp(rne(x * inverse_scale) + zero_point, 0, 255)
struct QuantizeConstants {
  float inverse_scale;
  int32_t zero_point;
};

/// x: C rows of W floats, plane_stride apart -> codes [W, C].
using QuantizeRow = void(const float* x, int64_t plane_stride, int64_t C, int64_t W, const QuantizeConstants& constants,
                         uint8_t* codes);

}  // namespace octet::ops::cpu
