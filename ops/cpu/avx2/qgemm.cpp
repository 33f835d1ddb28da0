// The AVX2 micro-kernel: Rows x 16 outputs in registers; per pair of depths two loads of weights, one broadcast per row, and
// vpmaddwd (two exact int16 products summed to int32) + vpaddd. Six rows fill 12 of the 16 registers with sums.
#include <immintrin.h>

#include <cstring>

#include "ops/cpu/avx2/kernels.h"

namespace octet::ops::cpu {
namespace {

template <int Rows>
void micro_kernel(const int16_t* a, const int16_t* panel, int64_t depth, int64_t ld, int32_t* acc) {
  __m256i sum[Rows][2];
  for (auto& row : sum) row[0] = row[1] = _mm256_setzero_si256();
  for (int64_t d = 0; d < depth; d += 2, panel += 2 * kPanel) {
    const __m256i b0 = _mm256_load_si256(reinterpret_cast<const __m256i*>(panel));
    const __m256i b1 = _mm256_load_si256(reinterpret_cast<const __m256i*>(panel + kPanel));
#pragma GCC unroll 6
    for (int m = 0; m < Rows; ++m) {
      int32_t pair;
      std::memcpy(&pair, a + m * depth + d, sizeof pair);
      const __m256i am = _mm256_set1_epi32(pair);
      sum[m][0] = _mm256_add_epi32(sum[m][0], _mm256_madd_epi16(am, b0));
      sum[m][1] = _mm256_add_epi32(sum[m][1], _mm256_madd_epi16(am, b1));
    }
  }
  for (int m = 0; m < Rows; ++m) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(acc + m * ld), sum[m][0]);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(acc + m * ld + 8), sum[m][1]);
  }
}

using Kernel = void (*)(const int16_t*, const int16_t*, int64_t, int64_t, int32_t*);
constexpr int kRows = 6;
constexpr Kernel kKernels[kRows + 1] = {nullptr,         micro_kernel<1>, micro_kernel<2>, micro_kernel<3>,
                                        micro_kernel<4>, micro_kernel<5>, micro_kernel<6>};

}  // namespace

void avx2::qgemm(const int16_t* a, int64_t rows, const int16_t* panels, int64_t ld, int64_t depth, int32_t* acc) {
  for (int64_t k = 0; k < ld; k += kPanel)
    for (int64_t m = 0; m < rows; m += kRows) {
      const int64_t count = rows - m < kRows ? rows - m : kRows;
      kKernels[count](a + m * depth, panels + k * depth, depth, ld, acc + m * ld + k);
    }
}

}  // namespace octet::ops::cpu
