// The constants of a requantization (ops/engines/requantize.h) as kernels see them: plain pointers, because a kernel for newer CPUs
// must not instantiate code that others share.
#pragma once

#include "ops/engines/requantize.h"

namespace octet::ops::cpu {

struct RequantizeView {
  int8::Epilogue epilogue;
  const int32_t* bias_i32;
  const float* bias_f32;  // not of Epilogue::int32_bias
  float bias_factor;
  const float* multiplier;
  int8::RealScales scales;
  int32_t zero_point, qmin;  // codes end at 255

  explicit RequantizeView(const int8::Requantization& r)
      : epilogue(r.epilogue),
        bias_i32(r.bias_i32.data()),
        bias_f32(r.bias_f32.data()),
        bias_factor(r.bias_factor),
        multiplier(r.multiplier.data()),
        scales(r.scales),
        zero_point(r.zero_point),
        qmin(r.range.qmin) {}
};

}  // namespace octet::ops::cpu
