// Requantization of one sum, for the portable kernels. Static, as everything in headers for kernels.
#pragma once

#include "ops/cpu/requantize_view.h"

namespace octet::ops::cpu {

static inline uint8_t code_of(int32_t sum, int64_t k, const RequantizeView& v) {
  const int8::ChannelConstants constants{v.bias_i32[k], v.epilogue == int8::Epilogue::int32_bias ? 0.0f : v.bias_f32[k],
                                         v.bias_factor, v.multiplier[k]};
  if (v.epilogue == int8::Epilogue::real) return int8::requantize_real(sum, constants, v.scales, v.zero_point, {v.qmin, 255});
  return int8::requantize_value(sum, constants, v.zero_point, {v.qmin, 255});
}

}  // namespace octet::ops::cpu
