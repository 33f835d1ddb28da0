// Winograd's int16 kernels (ops/cpu/winograd_int16.h) in registers of 32 bytes, which each kernel file compiles for its
// instruction set. Six tiles x 16 outputs in 12 of the 16 registers; per pair of channels two loads, and a broadcast and two dots
// per tile.
// Isa: ops/cpu/avx2/ymm.h.
#pragma once

#include <immintrin.h>

#include <cstring>

#include "ops/cpu/generic/winograd_int16_body.h"

namespace octet::ops::cpu {
namespace {

/// What the transforms are made of.
struct Ymm : PlainIsa {
  [[gnu::always_inline]] static void add_bias(const Floats& bias, float factor, Floats& v) {
    v = reinterpret_cast<Floats>(
        _mm256_fmadd_ps(reinterpret_cast<__m256>(bias), _mm256_set1_ps(factor), reinterpret_cast<__m256>(v)));
  }
  [[gnu::always_inline]] static void store_codes(const Floats& v, float low, int32_t zero_point, uint8_t* y, int channels) {
    const __m256 high = _mm256_set1_ps(static_cast<float>(255 - zero_point)),
                 clamped = _mm256_max_ps(_mm256_min_ps(reinterpret_cast<__m256>(v), high), _mm256_set1_ps(low));
    const __m256i q = _mm256_add_epi32(_mm256_cvtps_epi32(clamped), _mm256_set1_epi32(zero_point));
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
    const __m128i codes = _mm_packus_epi16(words, words);
    if (channels == 8)
      _mm_storel_epi64(reinterpret_cast<__m128i*>(y), codes);
    else
      std::memcpy(y, &codes, static_cast<size_t>(channels));
  }
};

template <class Isa, int Rows>
void multiply_rows(const int16_t* v, int64_t pairs, const int16_t* u, int32_t* m) {
  __m256i sum[Rows][2];
#pragma GCC unroll 6
  for (int row = 0; row < Rows; ++row) sum[row][0] = sum[row][1] = _mm256_setzero_si256();
  for (int64_t p = 0; p < pairs; ++p, u += 2 * kWinogradPanel) {
    const __m256i b0 = _mm256_load_si256(reinterpret_cast<const __m256i*>(u));
    const __m256i b1 = _mm256_load_si256(reinterpret_cast<const __m256i*>(u + kWinogradPanel));
#pragma GCC unroll 6
    for (int row = 0; row < Rows; ++row) {
      int32_t pair;
      std::memcpy(&pair, v + row * 2 * pairs + 2 * p, sizeof pair);
      const __m256i a = _mm256_set1_epi32(pair);
      sum[row][0] = Isa::dot(sum[row][0], a, b0);
      sum[row][1] = Isa::dot(sum[row][1], a, b1);
    }
  }
#pragma GCC unroll 6
  for (int row = 0; row < Rows; ++row) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(m + row * kWinogradPanel), sum[row][0]);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(m + row * kWinogradPanel + 8), sum[row][1]);
  }
}

using Kernel = void (*)(const int16_t*, int64_t, const int16_t*, int32_t*);
template <class Isa>
constexpr Kernel kKernels[] = {multiply_rows<Isa, 1>, multiply_rows<Isa, 2>, multiply_rows<Isa, 3>,
                               multiply_rows<Isa, 4>, multiply_rows<Isa, 5>, multiply_rows<Isa, 6>};

template <class Isa>
void multiply(const int16_t* v, int rows, int64_t C, const int16_t* u, const int16_t*, int32_t* m) {
  kKernels<Isa>[rows - 1](v, C / 2, u, m);
}

template <class Isa>
constexpr WinogradInt16 kWinogradInt16Ymm = {kWinogradTile,         kWinogradPanel, transform_input<Ymm>,
                                             transform_border<Ymm>, multiply<Isa>,  transform_output<Ymm>};

}  // namespace
}  // namespace octet::ops::cpu
