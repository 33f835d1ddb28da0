// Twelve of the 16 registers are sums: of eight outputs, two tiles and six places.
#include <immintrin.h>

#include "ops/cpu/avx2/kernels.h"
#include "ops/cpu/generic/winograd_fused_body.h"

namespace octet::ops::cpu {
namespace {

struct Avx2 {
  typedef int16_t Words __attribute__((vector_size(32)));
  typedef uint32_t Sums __attribute__((vector_size(32)));

  [[gnu::always_inline]] static Words tap(const int8_t* weights) {
    return reinterpret_cast<Words>(_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(weights))));
  }
  [[gnu::always_inline]] static void dot(Sums& sum, const Words& u, const int16_t* v) {
    int32_t pair;
    std::memcpy(&pair, v, sizeof pair);
    sum += reinterpret_cast<Sums>(_mm256_madd_epi16(reinterpret_cast<__m256i>(u), _mm256_set1_epi32(pair)));
    asm volatile("" : "+x"(sum));  // one after the other: g++ 12 would begin all, and spill sums
  }
};

constexpr int kTiles = 2;
constexpr int64_t kOutputs = 8;

void multiply_row(int row, const WinogradFused::Needed& n, const int16_t* v, int64_t place_stride, int64_t C,
                  const int8_t* weights, const int8_t* ahead, int32_t* m, int64_t m_stride, int64_t tile_stride) {
  for (int t = 0; t < WinogradFused::kTiles; t += kTiles) {
    if (n.end <= t || n.begin >= t + kTiles) continue;
    const bool first = n.last_begin <= t && n.last_end > t, second = n.last_begin <= t + 1 && n.last_end > t + 1;
    const MultiplyTiles multiply = first
                                       ? (second ? kMultiplyTiles<Avx2, kTiles, 0, 2> : kMultiplyTiles<Avx2, kTiles, 0, 1>)[row]
                                       : (second ? kMultiplyTiles<Avx2, kTiles, 1, 2> : kMultiplyTiles<Avx2, kTiles, 0, 0>)[row];
    for (int64_t k = 0; k < kWinogradPanel; k += kOutputs) {
      const bool fetches = ahead && t == 0 && k == 0;
      multiply(v + t * C, place_stride, C, weights + 2 * k, fetches ? ahead + row * C / 2 * kLine : weights,
               m + t * tile_stride + k, m_stride, tile_stride);
    }
  }
}

}  // namespace

const WinogradFused avx2::winograd_fused = {multiply_row};

}  // namespace octet::ops::cpu
