// Up to 24 of the 32 registers are sums: of four tiles at six places. The other eight hold a row of G' g and what is made of it;
// the windows are read by
// vpdpwssd itself.
#include <immintrin.h>

#include <cstring>

#include "ops/cpu/winograd_fused.h"

namespace octet::ops::cpu {
namespace {

constexpr int kPlaces = 6;                      // in a row
constexpr int64_t kTap = 32, kTaps = 9 * kTap;  // bytes of weights: of sixteen outputs and two channels
constexpr int64_t kLine = 64;                   // bytes that are fetched at once: with six rows, more than kTaps

/// G's factors, one for each row (and column) of places.
constexpr int32_t kFactors[kPlaces] = {6, -4, -4, 1, 1, 12};

/// sum += u's pairs times the two values at v. As an instruction, for the compiler, left to itself, copies and spills the sums.
[[gnu::always_inline]] inline void dot(__m512i& sum, __m512i u, const int16_t* v) {
  asm("vpdpwssd %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(u), "m"(*reinterpret_cast<const int16_t(*)[2]>(v)));
}

/// a + 2 b.
[[gnu::always_inline]] inline __m512i add_twice(__m512i a, __m512i b) { return _mm512_add_epi16(a, _mm512_add_epi16(b, b)); }

/// Row `Row` of G' g, one column of it.
template <int Row>
[[gnu::always_inline]] inline __m512i column(const int8_t* weights, int s) {
  const auto tap = [&](int r) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights + (3 * r + s) * kTap)));
  };
  if constexpr (Row == 0) return tap(0);
  if constexpr (Row == 1) return _mm512_add_epi16(_mm512_add_epi16(tap(0), tap(2)), tap(1));
  if constexpr (Row == 2) return _mm512_sub_epi16(_mm512_add_epi16(tap(0), tap(2)), tap(1));
  if constexpr (Row == 3) return add_twice(tap(0), add_twice(tap(1), tap(2)));
  if constexpr (Row == 4) {
    const __m512i g2 = tap(2);
    return add_twice(tap(0), _mm512_sub_epi16(_mm512_add_epi16(g2, g2), tap(1)));
  }
  return tap(2);
}

/// Tiles [0, Tiles), of which [LastBegin, LastEnd) need the row's last place.
template <int Row, int Tiles, int LastBegin, int LastEnd>
void multiply(const int16_t* v, int64_t place_stride, int64_t C, const int8_t* weights, const int8_t* ahead, int32_t* m,
              int64_t m_stride, int64_t tile_stride) {
  constexpr auto needs = [](int t, int j) { return j < kPlaces - 1 || (t >= LastBegin && t < LastEnd); };
  __m512i sum[Tiles][kPlaces];
#pragma GCC unroll 4
  for (int t = 0; t < Tiles; ++t)
#pragma GCC unroll 6
    for (int j = 0; j < kPlaces; ++j) sum[t][j] = _mm512_setzero_si512();
  const int16_t* place[kPlaces];
  for (int j = 0; j < kPlaces; ++j) place[j] = v + j * place_stride;
  int64_t at[Tiles];  // of each tile's next two channels
  for (int t = 0; t < Tiles; ++t) at[t] = t * C;

  const auto add_products = [&](int j, __m512i u) __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (int t = 0; t < Tiles; ++t) {
      if (!needs(t, j)) continue;
      dot(sum[t][j], u, place[j] + at[t]);
    }
  };
  for (int64_t left = C / 2; left > 0; --left, weights += kTaps, ahead += kLine) {
    _mm_prefetch(reinterpret_cast<const char*>(ahead), _MM_HINT_T1);
    const __m512i h0 = column<Row>(weights, 0), h1 = column<Row>(weights, 1), h2 = column<Row>(weights, 2);
    add_products(0, h0);
    if constexpr (LastBegin < LastEnd) add_products(5, h2);
    const __m512i even = _mm512_add_epi16(h0, h2);
    add_products(1, _mm512_add_epi16(even, h1));
    add_products(2, _mm512_sub_epi16(even, h1));
    const __m512i even4 = add_twice(h0, _mm512_add_epi16(h2, h2)), odd2 = _mm512_add_epi16(h1, h1);
    add_products(3, _mm512_add_epi16(even4, odd2));
    add_products(4, _mm512_sub_epi16(even4, odd2));
#pragma GCC unroll 4
    for (int t = 0; t < Tiles; ++t) {
      at[t] += 2;
      asm volatile("" : "+r"(at[t]));  // otherwise the compiler keeps 24 addresses instead of these and place
    }
  }
#pragma GCC unroll 4
  for (int t = 0; t < Tiles; ++t)
#pragma GCC unroll 6
    for (int j = 0; j < kPlaces; ++j)
      if (needs(t, j))
        _mm512_storeu_si512(m + j * m_stride + t * tile_stride,
                            _mm512_mullo_epi32(sum[t][j], _mm512_set1_epi32(kFactors[Row] * kFactors[j])));
}

using Kernel = void (*)(const int16_t*, int64_t, int64_t, const int8_t*, const int8_t*, int32_t*, int64_t, int64_t);
template <int Tiles, int LastBegin, int LastEnd>
constexpr Kernel kOfRow[kPlaces] = {multiply<0, Tiles, LastBegin, LastEnd>, multiply<1, Tiles, LastBegin, LastEnd>,
                                    multiply<2, Tiles, LastBegin, LastEnd>, multiply<3, Tiles, LastBegin, LastEnd>,
                                    multiply<4, Tiles, LastBegin, LastEnd>, multiply<5, Tiles, LastBegin, LastEnd>};

/// All tiles and places, or what an image of one block's four tiles needs, or four of the same kind: 7x7 pixels, and more.
void multiply_row(int row, const WinogradFused::Needed& n, const int16_t* v, int64_t place_stride, int64_t C,
                  const int8_t* weights, const int8_t* ahead, int32_t* m, int64_t m_stride, int64_t tile_stride) {
  Kernel kernel = kOfRow<4, 0, 4>[row];
  if (n.last_begin >= n.last_end)
    kernel = kOfRow<4, 0, 0>[row];
  else if (n.end <= 2 && n.last_begin >= 1)
    kernel = kOfRow<2, 1, 2>[row];
  else if (n.last_begin >= 1 && n.last_end <= 3)
    kernel = kOfRow<4, 1, 3>[row];
  kernel(v, place_stride, C, weights, ahead ? ahead + row * C / 2 * kLine : weights, m, m_stride, tile_stride);
}

}  // namespace

const WinogradFused kWinogradFusedAvx512Vnni = {multiply_row};

}  // namespace octet::ops::cpu
