// The instructions that kernels in registers of 32 bytes (ops/cpu/generic/*_ymm_body.h) are made of, where there is AVX2 and no
// more.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace octet::ops::cpu {
namespace {

struct Avx2 {
  /// sum + the products of each two int16, as int32: vpmaddwd and vpaddd.
  [[gnu::always_inline]] static __m256i dot(__m256i sum, __m256i a, __m256i b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
  }
  /// A convolution's image and weights: int16, for vpmaddubsw, which multiplies bytes, saturates.
  using Value = int16_t;
  [[gnu::always_inline]] static __m256i dot_values(__m256i sum, __m256i a, __m256i b) { return dot(sum, a, b); }
};

}  // namespace
}  // namespace octet::ops::cpu
