// The loops of ops/cpu/peak.h for AVX-512 VNNI.
#include "ops/cpu/avx512vnni/kernels.h"
#include "ops/cpu/generic/peak_body.h"

namespace octet::ops::cpu {
namespace {

void fma(int64_t iterations) {
  run_chains(iterations, _mm512_set1_ps(0.5f), [](__m512 s, __m512 x) { return _mm512_fmadd_ps(x, x, s); });
}
void dot_bytes(int64_t iterations) {
  run_chains(iterations, _mm512_set1_epi8(3), [](__m512i s, __m512i x) { return _mm512_dpbusd_epi32(s, x, x); });
}
void dot_words(int64_t iterations) {
  run_chains(iterations, _mm512_set1_epi16(3), [](__m512i s, __m512i x) { return _mm512_dpwssd_epi32(s, x, x); });
}

constexpr PeakLoop kLoops[] = {{"vfmadd (16 floats)", 16 * kChains, fma},
                               {"vpdpbusd (64 bytes)", 64 * kChains, dot_bytes},
                               {"vpdpwssd (32 int16)", 32 * kChains, dot_words}};

}  // namespace

const std::span<const PeakLoop> avx512vnni::peak = kLoops;

}  // namespace octet::ops::cpu
