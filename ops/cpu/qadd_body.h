// The loops of ops/cpu/qadd.h, which each kernel file compiles for its instruction set. Static, as everything that is compiled
// twice.
#pragma once

#include "ops/cpu/qadd.h"

namespace octet::ops::cpu {
namespace {

void add_by_shift(const uint8_t* a, const uint8_t* b, int64_t n, const QAddShift& constants, uint8_t* y) {
  const QAddShift c = constants;
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const int32_t acc = (a[i] - c.za) * c.ma + (b[i] - c.zb) * c.mb;  // below 2 * 255 * 2^22 < 2^31
    int32_t q = ((((acc + (acc >> 31)) >> (c.shift - 1)) + 1) >> 1) + c.zy;
    q = q < c.qmin ? c.qmin : q;
    y[i] = static_cast<uint8_t>(q > c.qmax ? c.qmax : q);
  }
}

void add_by_float(const uint8_t* a, const uint8_t* b, int64_t n, const QAddFloat& constants, uint8_t* y) {
  const QAddFloat c = constants;
  constexpr float kMagic = 12582912.0f;  // rounds half to even: ops/int8/requantize.h
  const float low = static_cast<float>(c.qmin - c.zy), high = static_cast<float>(c.qmax - c.zy);
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const float real_a = __builtin_fmaf(static_cast<float>(a[i]), c.sa, c.offset_a);
    const float real_b = __builtin_fmaf(static_cast<float>(b[i]), c.sb, c.offset_b);
    float v = (real_a + real_b) * c.inverse_scale;
    v = v < high ? v : high;
    v = v > low ? v : low;
    y[i] = static_cast<uint8_t>(static_cast<int32_t>((v + kMagic) - kMagic) + c.zy);
  }
}

}  // namespace
}  // namespace octet::ops::cpu
