// The loops of ops/cpu/peak.h for AVX2.
#include "ops/cpu/avx2/kernels.h"
#include "ops/cpu/avx2/ymm.h"
#include "ops/cpu/generic/peak_body.h"

namespace octet::ops::cpu {
namespace {

void fma(int64_t iterations) {
  run_chains(iterations, _mm256_set1_ps(0.5f), [](__m256 s, __m256 x) { return _mm256_fmadd_ps(x, x, s); });
}
void madd(int64_t iterations) {
  run_chains(iterations, _mm256_set1_epi16(3), [](__m256i s, __m256i x) { return Avx2::dot(s, x, x); });
}

constexpr PeakLoop kLoops[] = {{"vfmadd (8 floats)", 8 * kChains, fma}, {"vpmaddwd + vpaddd (16 int16)", 16 * kChains, madd}};

}  // namespace

const std::span<const PeakLoop> avx2::peak = kLoops;

}  // namespace octet::ops::cpu
