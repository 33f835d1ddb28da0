// Up to 24 of the 32 registers are sums: of sixteen outputs, four tiles and six places. The other eight hold a row of G' g and
// what is made of it; the windows are read by vpdpwssd itself.
#include <immintrin.h>

#include "ops/cpu/avx512vnni/kernels.h"
#include "ops/cpu/generic/winograd_fused_body.h"

namespace octet::ops::cpu {
namespace {

struct Avx512 {
  typedef int16_t Words __attribute__((vector_size(64)));
  typedef uint32_t Sums __attribute__((vector_size(64)));

  [[gnu::always_inline]] static Words tap(const int8_t* weights) {
    return reinterpret_cast<Words>(_mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights))));
  }
  /// sum += u's pairs times the two values at v. Written as an instruction, because the compiler would copy and spill the sums.
  [[gnu::always_inline]] static void dot(Sums& sum, const Words& u, const int16_t* v) {
    asm("vpdpwssd %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(u), "m"(*reinterpret_cast<const int16_t(*)[2]>(v)));
  }
};

/// All tiles and places; or what four tiles of one kind need, or those of an image of 7x7 pixels.
void multiply_row(int row, const WinogradFused::Needed& n, const int16_t* v, int64_t place_stride, int64_t C,
                  const int8_t* weights, const int8_t* ahead, int32_t* m, int64_t m_stride, int64_t tile_stride) {
  MultiplyTiles multiply = kMultiplyTiles<Avx512, 4, 0, 4>[row];
  if (n.last_begin >= n.last_end)
    multiply = kMultiplyTiles<Avx512, 4, 0, 0>[row];
  else if (n.end <= 2 && n.last_begin >= 1)
    multiply = kMultiplyTiles<Avx512, 2, 1, 2>[row];
  else if (n.last_begin >= 1 && n.last_end <= 3)
    multiply = kMultiplyTiles<Avx512, 4, 1, 3>[row];
  multiply(v, place_stride, C, weights, ahead ? ahead + row * C / 2 * kLine : weights, m, m_stride, tile_stride);
}

}  // namespace

const WinogradFused avx512vnni::winograd_fused = {multiply_row};

}  // namespace octet::ops::cpu
