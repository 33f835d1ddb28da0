// Twelve chains, enough to hide each instruction's latency.
#include <immintrin.h>

#include "ops/cpu/peak.h"

namespace octet::ops::cpu {
namespace {

constexpr int kChains = 12;

void fma(int64_t iterations) {
  __m512 sum[kChains];
#pragma GCC unroll 12
  for (__m512& s : sum) s = _mm512_setzero_ps();
  const __m512 x = _mm512_set1_ps(0.5f);
  for (int64_t i = 0; i < iterations; ++i)
#pragma GCC unroll 12
    for (__m512& s : sum) {
      s = _mm512_fmadd_ps(x, x, s);
      asm volatile("" : "+v"(s));
    }
}

void dot_bytes(int64_t iterations) {
  __m512i sum[kChains];
#pragma GCC unroll 12
  for (__m512i& s : sum) s = _mm512_setzero_si512();
  const __m512i x = _mm512_set1_epi8(3);
  for (int64_t i = 0; i < iterations; ++i)
#pragma GCC unroll 12
    for (__m512i& s : sum) {
      s = _mm512_dpbusd_epi32(s, x, x);
      asm volatile("" : "+v"(s));
    }
}

void dot_words(int64_t iterations) {
  __m512i sum[kChains];
#pragma GCC unroll 12
  for (__m512i& s : sum) s = _mm512_setzero_si512();
  const __m512i x = _mm512_set1_epi16(3);
  for (int64_t i = 0; i < iterations; ++i)
#pragma GCC unroll 12
    for (__m512i& s : sum) {
      s = _mm512_dpwssd_epi32(s, x, x);
      asm volatile("" : "+v"(s));
    }
}

constexpr PeakLoop kLoops[] = {{"vfmadd (16 floats)", 16 * kChains, fma},
                               {"vpdpbusd (64 bytes)", 64 * kChains, dot_bytes},
                               {"vpdpwssd (32 int16)", 32 * kChains, dot_words}};

}  // namespace

std::span<const PeakLoop> peak_loops_avx512vnni() { return {kLoops, 3}; }

}  // namespace octet::ops::cpu
