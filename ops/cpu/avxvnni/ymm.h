// The same as ops/cpu/avx2/ymm.h for CPUs with AVX-VNNI. The names of the intrinsics are those that AVX-512 VNNI has too, so a
// test can compile this file for AVX-512.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace octet::ops::cpu {
namespace {

struct AvxVnni {
  /// vpdpwssd.
  [[gnu::always_inline]] static __m256i dot(__m256i sum, __m256i a, __m256i b) { return _mm256_dpwssd_epi32(sum, a, b); }
  /// Codes and weights as they are, four each: vpdpbusd.
  using Value = uint8_t;
  [[gnu::always_inline]] static __m256i dot_values(__m256i sum, __m256i a, __m256i b) { return _mm256_dpbusd_epi32(sum, a, b); }
};

}  // namespace
}  // namespace octet::ops::cpu
