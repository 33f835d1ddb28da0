// The loops of ops/cpu/peak.h for AVX-VNNI.
#include "ops/cpu/avxvnni/kernels.h"
#include "ops/cpu/avxvnni/ymm.h"
#include "ops/cpu/generic/peak_body.h"

namespace octet::ops::cpu {
namespace {

void fma(int64_t iterations) {
  run_chains(iterations, _mm256_set1_ps(0.5f), [](__m256 s, __m256 x) { return _mm256_fmadd_ps(x, x, s); });
}
void dot_bytes(int64_t iterations) {
  run_chains(iterations, _mm256_set1_epi8(3), [](__m256i s, __m256i x) { return AvxVnni::dot_values(s, x, x); });
}
void dot_words(int64_t iterations) {
  run_chains(iterations, _mm256_set1_epi16(3), [](__m256i s, __m256i x) { return AvxVnni::dot(s, x, x); });
}

constexpr PeakLoop kLoops[] = {{"vfmadd (8 floats)", 8 * kChains, fma},
                               {"vpdpbusd (32 bytes)", 32 * kChains, dot_bytes},
                               {"vpdpwssd (16 int16)", 16 * kChains, dot_words}};

}  // namespace

const std::span<const PeakLoop> avxvnni::peak = kLoops;

}  // namespace octet::ops::cpu
