// Six tiles x 64 outputs in 24 of the 32 registers, by vpdpwssd: two int16 products added to an int32.
#include <immintrin.h>

#include <cstring>

#include "ops/cpu/avx512vnni/kernels.h"
#include "ops/cpu/generic/winograd_int16_body.h"

namespace octet::ops::cpu {
namespace {

struct Avx512 : Vectors<64, 64> {
  [[gnu::always_inline]] static void widen(const uint8_t* codes, Lanes16& out) {
    out = reinterpret_cast<Lanes16>(_mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes))));
  }
  [[gnu::always_inline]] static void add_bias(const Floats& bias, float factor, Floats& v) {
    v = reinterpret_cast<Floats>(
        _mm512_fmadd_ps(reinterpret_cast<__m512>(bias), _mm512_set1_ps(factor), reinterpret_cast<__m512>(v)));
  }
  /// No upper bound: a value too large for an int32 becomes 0x80000000, and what is above 255, as an unsigned number, 255.
  [[gnu::always_inline]] static void store_codes(const Floats& v, float low, int32_t zero_point, uint8_t* y, int channels) {
    const __m512 clamped = _mm512_max_ps(_mm512_set1_ps(low), reinterpret_cast<__m512>(v));
    const __m512i codes = _mm512_add_epi32(_mm512_cvtps_epi32(clamped), _mm512_set1_epi32(zero_point));
    _mm512_mask_cvtusepi32_storeu_epi8(y, static_cast<__mmask16>((1u << channels) - 1), codes);
  }
};

constexpr int64_t kStrip = 64;
constexpr int kPanels = static_cast<int>(kStrip / kWinogradPanel);

template <int Rows>
void multiply_rows(const int16_t* v, int64_t pairs, const int16_t* u, const int16_t* ahead, int32_t* m) {
  __m512i sum[Rows][kPanels];
#pragma GCC unroll 6
  for (int row = 0; row < Rows; ++row)
#pragma GCC unroll 4
    for (int n = 0; n < kPanels; ++n) sum[row][n] = _mm512_setzero_si512();
  for (int64_t p = 0; p < pairs; ++p, u += 2 * kStrip) {
    _mm_prefetch(reinterpret_cast<const char*>(ahead), _MM_HINT_T1);
    _mm_prefetch(reinterpret_cast<const char*>(ahead + kStrip / 2), _MM_HINT_T1);
    ahead += kStrip;
    __m512i b[kPanels];
#pragma GCC unroll 4
    for (int n = 0; n < kPanels; ++n) {
      b[n] = _mm512_load_si512(u + n * 2 * kWinogradPanel);
    }
#pragma GCC unroll 6
    for (int row = 0; row < Rows; ++row) {
      int32_t pair;
      std::memcpy(&pair, v + row * 2 * pairs + 2 * p, sizeof pair);
      const __m512i a = _mm512_set1_epi32(pair);
#pragma GCC unroll 4
      for (int n = 0; n < kPanels; ++n) sum[row][n] = _mm512_dpwssd_epi32(sum[row][n], a, b[n]);
    }
  }
#pragma GCC unroll 6
  for (int row = 0; row < Rows; ++row)
#pragma GCC unroll 4
    for (int n = 0; n < kPanels; ++n) _mm512_storeu_si512(m + row * kStrip + n * kWinogradPanel, sum[row][n]);
}

using Kernel = void (*)(const int16_t*, int64_t, const int16_t*, const int16_t*, int32_t*);
constexpr Kernel kKernels[] = {multiply_rows<1>, multiply_rows<2>, multiply_rows<3>,
                               multiply_rows<4>, multiply_rows<5>, multiply_rows<6>};

void multiply(const int16_t* v, int rows, int64_t C, const int16_t* u, const int16_t* ahead, int32_t* m) {
  kKernels[rows - 1](v, C / 2, u, ahead ? ahead : u, m);
}

}  // namespace

const WinogradInt16 avx512vnni::winograd_int16 = {
    kWinogradTile, kStrip, transform_input<Avx512>, transform_border<Avx512>, multiply, transform_output<Avx512>};

}  // namespace octet::ops::cpu
