// Requantization of eight sums in a register of 32 bytes, the last step of kernels that each file compiles for its instruction set.
// Static, as everything that is compiled twice.
#pragma once

#include <immintrin.h>

#include "ops/cpu/requantize_view.h"

namespace octet::ops::cpu {
namespace {

/// clamp(rne(fma(bias_f32, bias_factor, float(sum + bias)) * multiplier) + zero point, qmin, 255); or in reals. Packing saturates, which
/// is the upper bound and a lower one of 0: what is rounded fits an int32 (Requantization::stays_in_int32).
template <int8::Epilogue epilogue>
struct Requantize8 {
  static constexpr bool kInReals = epilogue == int8::Epilogue::real;

  explicit Requantize8(const RequantizeView& view)
      : v(view),
        bias_factor(_mm256_set1_ps(v.bias_factor)),
        input(_mm256_set1_ps(v.scales.input)),
        inverse_output(_mm256_set1_ps(v.scales.inverse_output)),
        real_zero_point(_mm256_set1_ps(static_cast<float>(v.zero_point))),
        zero_point(_mm256_set1_epi16(static_cast<int16_t>(kInReals ? 0 : v.zero_point))),
        qmin(_mm256_set1_epi8(static_cast<char>(v.qmin))) {}

  /// The sums of outputs k to k + 7, rounded; without the zero point, unless in reals.
  [[gnu::always_inline]] __m256i operator()(__m256i sum, int64_t k) const {
    const __m256i bias = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(v.bias_i32 + k));
    const __m256 total = _mm256_cvtepi32_ps(_mm256_add_epi32(sum, bias)), multiplier = _mm256_loadu_ps(v.multiplier + k);
    if constexpr (kInReals) {
      const __m256 real = _mm256_add_ps(_mm256_mul_ps(_mm256_mul_ps(total, input), multiplier), _mm256_loadu_ps(v.bias_f32 + k));
      return _mm256_cvtps_epi32(_mm256_add_ps(_mm256_mul_ps(real, inverse_output), real_zero_point));
    }
    if constexpr (epilogue == int8::Epilogue::float_bias)
      return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_fmadd_ps(_mm256_loadu_ps(v.bias_f32 + k), bias_factor, total), multiplier));
    return _mm256_cvtps_epi32(_mm256_mul_ps(total, multiplier));
  }

  /// Two registers of those as 16 bits, in the order of vpackssdw: four of a, four of b, four of a, four of b.
  [[gnu::always_inline]] __m256i words(__m256i a, __m256i b) const {
    return _mm256_adds_epi16(_mm256_packs_epi32(a, b), zero_point);
  }

  /// Two registers of those as codes, in the order of vpackuswb: eight of a, eight of b, eight of a, eight of b.
  [[gnu::always_inline]] __m256i codes(__m256i a, __m256i b) const { return _mm256_max_epu8(_mm256_packus_epi16(a, b), qmin); }

  const RequantizeView v;
  __m256 bias_factor, input, inverse_output, real_zero_point;
  __m256i zero_point, qmin;
};

}  // namespace
}  // namespace octet::ops::cpu
