// The loops of ops/cpu/peak.h for AVX-512 without VNNI, whose kernels for codes are those of AVX2.
#include "ops/cpu/avx2/ymm.h"
#include "ops/cpu/avx512/kernels.h"
#include "ops/cpu/generic/peak_body.h"

namespace octet::ops::cpu {
namespace {

void fma(int64_t iterations) {
  run_chains(iterations, _mm512_set1_ps(0.5f), [](__m512 s, __m512 x) { return _mm512_fmadd_ps(x, x, s); });
}
void madd(int64_t iterations) {
  run_chains(iterations, _mm256_set1_epi16(3), [](__m256i s, __m256i x) { return Avx2::dot(s, x, x); });
}

constexpr PeakLoop kLoops[] = {{"vfmadd (16 floats)", 16 * kChains, fma}, {"vpmaddwd + vpaddd (16 int16)", 16 * kChains, madd}};

}  // namespace

const std::span<const PeakLoop> avx512::peak = kLoops;

}  // namespace octet::ops::cpu
