// Winograd's products of floats from plain weights (FConvKernels::winograd_plain), and the whole table, for vectors of any width. Static, as everything
// that is compiled more than once. Isa: as in ops/cpu/generic/fconv_body.h; kPlainPlaces, how many of a row's six places have their
// sums of four tiles in registers.
#pragma once

#include <cstring>

#include "ops/cpu/generic/fconv_body.h"

namespace octet::ops::cpu {
namespace {

/// Row `Row` of U = G g G^T, of a vector of outputs, operation by operation as transform_2d has it.
template <class V, int Row>
[[gnu::always_inline]] inline void weights_of_row(const float* g, V* u) {
  constexpr int64_t kLanesOfV = sizeof(V) / sizeof(float);
  V half[3];
#pragma GCC unroll 3
  for (int s = 0; s < 3; ++s) {
    V places[6];
    const V column[3] = {load<V>(g + s * kLanesOfV), load<V>(g + (3 + s) * kLanesOfV), load<V>(g + (6 + s) * kLanesOfV)};
    WeightTransform::apply(column, 1, places);
    half[s] = places[Row];
  }
  WeightTransform::apply(half, 1, u);
}

/// Places [First, First + kPlainPlaces) of row Row.
template <class Isa, int Row, int First>
[[gnu::noipa]] static void multiply_plain_places(const float* v, int64_t place_stride, int64_t C, const float* g,
                                                 const float* ahead, float* m, int64_t m_stride, int64_t tile_stride) {
  using V = typename Isa::V;
  constexpr int kTiles = WinogradPlain::kTiles, kPlaces = Isa::kPlainPlaces, kFirst = Row * 6 + First;
  V sum[kTiles][kPlaces];
#pragma GCC unroll 4
  for (int t = 0; t < kTiles; ++t)
#pragma GCC unroll 6
    for (int j = 0; j < kPlaces; ++j) sum[t][j] = V{};
  const float* place[kPlaces];
#pragma GCC unroll 6
  for (int j = 0; j < kPlaces; ++j) place[j] = v + (kFirst + j) * place_stride;
  int64_t at[kTiles];  // of each tile's next channel
#pragma GCC unroll 4
  for (int t = 0; t < kTiles; ++t) at[t] = t * C;
  ahead += Row * C * 2 * kLanes<Isa>;
  for (int64_t left = C; left > 0; --left, g += 9 * kLanes<Isa>, ahead += 2 * kLanes<Isa>) {
#pragma GCC unroll 2
    for (int64_t line = 0; line < 2 * kLanes<Isa>; line += 16) __builtin_prefetch(ahead + line, 0, 2);
    V u[6];
    weights_of_row<V, Row>(g, u);
#pragma GCC unroll 6
    for (int j = 0; j < kPlaces; ++j)
#pragma GCC unroll 4
      for (int t = 0; t < kTiles; ++t) sum[t][j] = Isa::fma(Isa::broadcast(place[j][at[t]]), u[First + j], sum[t][j]);
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) {
      ++at[t];
      asm volatile("" : "+r"(at[t]));  // otherwise the compiler keeps an address of each tile and place
    }
  }
#pragma GCC unroll 4
  for (int t = 0; t < kTiles; ++t)
#pragma GCC unroll 6
    for (int j = 0; j < kPlaces; ++j) std::memcpy(m + (kFirst + j) * m_stride + t * tile_stride, &sum[t][j], sizeof(V));
}

template <class Isa, int Row>
static void multiply_plain_row(const float* v, int64_t place_stride, int64_t C, const float* g, const float* ahead, float* m,
                               int64_t m_stride, int64_t tile_stride) {
  multiply_plain_places<Isa, Row, 0>(v, place_stride, C, g, ahead, m, m_stride, tile_stride);
  if constexpr (Isa::kPlainPlaces < 6)
    multiply_plain_places<Isa, Row, Isa::kPlainPlaces>(v, place_stride, C, g, ahead, m, m_stride, tile_stride);
}

template <class Isa>
static void multiply_plain(int rows, const float* v, int64_t place_stride, int64_t C, const float* g, const float* ahead,
                           float* m, int64_t m_stride, int64_t tile_stride) {
  multiply_plain_row<Isa, 0>(v, place_stride, C, g, ahead, m, m_stride, tile_stride);
  multiply_plain_row<Isa, 1>(v, place_stride, C, g, ahead, m, m_stride, tile_stride);
  multiply_plain_row<Isa, 2>(v, place_stride, C, g, ahead, m, m_stride, tile_stride);
  multiply_plain_row<Isa, 3>(v, place_stride, C, g, ahead, m, m_stride, tile_stride);
  multiply_plain_row<Isa, 4>(v, place_stride, C, g, ahead, m, m_stride, tile_stride);
  if (rows == 6) multiply_plain_row<Isa, 5>(v, place_stride, C, g, ahead, m, m_stride, tile_stride);
}

template <class Isa>
constexpr FConvKernels kKernelsOf = {multiply_strip<Isa>, kWinogradOf<Isa, InputTransform, OutputTransform>,
                                     WinogradPlain{kLanes<Isa>, multiply_plain<Isa>}, largest_values<Isa>,
                                     Isa::kPanels* kLanes<Isa>};

}  // namespace
}  // namespace octet::ops::cpu
