// Requantization of eight sums in a register of 32 bytes, the last step of kernels that each file compiles for its instruction set.
// Static, as everything that is compiled twice.
#pragma once

#include <immintrin.h>

#include "ops/cpu/requantize_view.h"

namespace octet::ops::cpu {
namespace {

/// clamp(rne(fma(bias_f32, bias_factor, float(sum + bias)) * multiplier), low, high) + zero point; or in reals.
template <int8::Epilogue epilogue>
struct Requantize8 {
  static constexpr bool kInReals = epilogue == int8::Epilogue::real;

  explicit Requantize8(const RequantizeView& view)
      : v(view),
        bias_factor(_mm256_set1_ps(v.bias_factor)),
        low(_mm256_set1_ps(static_cast<float>(kInReals ? v.qmin : v.qmin - v.zero_point))),
        high(_mm256_set1_ps(static_cast<float>(kInReals ? 255 : 255 - v.zero_point))),
        input(_mm256_set1_ps(v.scales.input)),
        inverse_output(_mm256_set1_ps(v.scales.inverse_output)),
        real_zero_point(_mm256_set1_ps(static_cast<float>(v.zero_point))),
        zero_point(_mm256_set1_epi16(static_cast<int16_t>(kInReals ? 0 : v.zero_point))) {}

  /// The sums of outputs k to k + 7, as codes without the zero point, unless in reals.
  [[gnu::always_inline]] __m256i operator()(__m256i sum, int64_t k) const {
    const __m256i bias = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(v.bias_i32 + k));
    const __m256 total = _mm256_cvtepi32_ps(_mm256_add_epi32(sum, bias)), multiplier = _mm256_loadu_ps(v.multiplier + k);
    if constexpr (kInReals) {
      const __m256 real = _mm256_add_ps(_mm256_mul_ps(_mm256_mul_ps(total, input), multiplier), _mm256_loadu_ps(v.bias_f32 + k));
      return rounded(_mm256_add_ps(_mm256_mul_ps(real, inverse_output), real_zero_point));
    }
    if constexpr (epilogue == int8::Epilogue::float_bias)
      return rounded(_mm256_mul_ps(_mm256_fmadd_ps(_mm256_loadu_ps(v.bias_f32 + k), bias_factor, total), multiplier));
    return rounded(_mm256_mul_ps(total, multiplier));
  }

  /// Two registers of those as codes of 16 bits, in the order of vpackssdw: four of a, four of b, four of a, four of b.
  [[gnu::always_inline]] __m256i words(__m256i a, __m256i b) const {
    return _mm256_add_epi16(_mm256_packs_epi32(a, b), zero_point);
  }

  [[gnu::always_inline]] __m256i rounded(__m256 value) const {
    return _mm256_cvtps_epi32(_mm256_max_ps(_mm256_min_ps(value, high), low));
  }

  const RequantizeView v;
  __m256 bias_factor, low, high, input, inverse_output, real_zero_point;
  __m256i zero_point;
};

}  // namespace
}  // namespace octet::ops::cpu
