// Twelve chains, enough to hide each instruction's latency.
#include <immintrin.h>

#include "ops/cpu/peak.h"

namespace octet::ops::cpu {
namespace {

constexpr int kChains = 12;

void fma(int64_t iterations) {
  __m256 sum[kChains];
#pragma GCC unroll 12
  for (__m256& s : sum) s = _mm256_setzero_ps();
  const __m256 x = _mm256_set1_ps(0.5f);
  for (int64_t i = 0; i < iterations; ++i)
#pragma GCC unroll 12
    for (__m256& s : sum) {
      s = _mm256_fmadd_ps(x, x, s);
      asm volatile("" : "+x"(s));
    }
}

void madd(int64_t iterations) {
  __m256i sum[kChains];
#pragma GCC unroll 12
  for (__m256i& s : sum) s = _mm256_setzero_si256();
  __m256i x = _mm256_set1_epi16(3);
  for (int64_t i = 0; i < iterations; ++i)
#pragma GCC unroll 12
    for (__m256i& s : sum) {
      asm volatile("" : "+x"(x));  // the product is computed anew each time
      s = _mm256_add_epi32(s, _mm256_madd_epi16(x, x));
      asm volatile("" : "+x"(s));
    }
}

constexpr PeakLoop kLoops[] = {{"vfmadd (8 floats)", 8 * kChains, fma}, {"vpmaddwd + vpaddd (16 int16)", 16 * kChains, madd}};

}  // namespace

std::span<const PeakLoop> peak_loops_avx2() { return {kLoops, 2}; }

}  // namespace octet::ops::cpu
