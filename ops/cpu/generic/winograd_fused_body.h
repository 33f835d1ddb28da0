// The loop of ops/cpu/winograd_fused.h, which each kernel file compiles for its instruction set. Static, as everything that is
// compiled twice.
//
// Isa: Words, a vector of int16, two channels of each of some outputs; Sums, one of their uint32 sums; tap(weights), plain
// weights as Words; dot(sum, u, v): sum += u's pairs times the two values at v.
#pragma once

#include <cstring>

#include "ops/cpu/winograd_fused.h"

namespace octet::ops::cpu {
namespace {

constexpr int kPlaces = 6;                      // in a row
constexpr int64_t kTap = 32, kTaps = 9 * kTap;  // bytes of weights: of sixteen outputs and two channels
constexpr int64_t kLine = 64;                   // bytes that are fetched at once: with six rows, more than kTaps

/// G's factors, one for each row (and column) of places.
constexpr int32_t kFactors[kPlaces] = {6, -4, -4, 1, 1, 12};

/// Row `Row` of G' g, one column of it.
template <class Isa, int Row>
[[gnu::always_inline]] inline typename Isa::Words column(const int8_t* weights, int s) {
  const auto tap = [&](int r) __attribute__((always_inline)) { return Isa::tap(weights + (3 * r + s) * kTap); };
  if constexpr (Row == 0) return tap(0);
  if constexpr (Row == 1) return tap(0) + tap(2) + tap(1);
  if constexpr (Row == 2) return tap(0) + tap(2) - tap(1);
  if constexpr (Row == 3) return tap(0) + 2 * (tap(1) + 2 * tap(2));
  if constexpr (Row == 4) return tap(0) + 2 * (2 * tap(2) - tap(1));
  return tap(2);
}

/// A vector's outputs and tiles [0, Tiles), of which [LastBegin, LastEnd) need the row's last place.
template <class Isa, int Row, int Tiles, int LastBegin, int LastEnd>
void multiply_tiles(const int16_t* v, int64_t place_stride, int64_t C, const int8_t* weights, const int8_t* ahead, int32_t* m,
                    int64_t m_stride, int64_t tile_stride) {
  using Words = typename Isa::Words;
  constexpr auto needs = [](int t, int j) { return j < kPlaces - 1 || (t >= LastBegin && t < LastEnd); };
  typename Isa::Sums sum[Tiles][kPlaces];
#pragma GCC unroll 4
  for (int t = 0; t < Tiles; ++t)
#pragma GCC unroll 6
    for (int j = 0; j < kPlaces; ++j) sum[t][j] = typename Isa::Sums{};
  const int16_t* place[kPlaces];
  for (int j = 0; j < kPlaces; ++j) place[j] = v + j * place_stride;
  int64_t at[Tiles];  // of each tile's next two channels
  for (int t = 0; t < Tiles; ++t) at[t] = t * C;

  const auto add_products = [&](int j, const Words& u) __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (int t = 0; t < Tiles; ++t)
      if (needs(t, j)) Isa::dot(sum[t][j], u, place[j] + at[t]);
  };
  for (int64_t left = C / 2; left > 0; --left, weights += kTaps, ahead += kLine) {
    __builtin_prefetch(ahead, 0, 2);
    const Words h0 = column<Isa, Row>(weights, 0), h1 = column<Isa, Row>(weights, 1), h2 = column<Isa, Row>(weights, 2);
    add_products(0, h0);
    if constexpr (LastBegin < LastEnd) add_products(5, h2);
    const Words even = h0 + h2, even4 = h0 + 4 * h2, odd2 = 2 * h1;
    add_products(1, even + h1);
    add_products(2, even - h1);
    add_products(3, even4 + odd2);
    add_products(4, even4 - odd2);
#pragma GCC unroll 4
    for (int t = 0; t < Tiles; ++t) {
      at[t] += 2;
      asm volatile("" : "+r"(at[t]));  // otherwise the compiler keeps an address of each tile and place
    }
  }
#pragma GCC unroll 4
  for (int t = 0; t < Tiles; ++t)
#pragma GCC unroll 6
    for (int j = 0; j < kPlaces; ++j)
      if (needs(t, j)) {
        const typename Isa::Sums scaled = sum[t][j] * static_cast<uint32_t>(kFactors[Row] * kFactors[j]);
        std::memcpy(m + j * m_stride + t * tile_stride, &scaled, sizeof scaled);
      }
}

/// By row.
using MultiplyTiles = void (*)(const int16_t*, int64_t, int64_t, const int8_t*, const int8_t*, int32_t*, int64_t, int64_t);
template <class Isa, int Tiles, int LastBegin, int LastEnd>
constexpr MultiplyTiles kMultiplyTiles[kPlaces] = {
    multiply_tiles<Isa, 0, Tiles, LastBegin, LastEnd>, multiply_tiles<Isa, 1, Tiles, LastBegin, LastEnd>,
    multiply_tiles<Isa, 2, Tiles, LastBegin, LastEnd>, multiply_tiles<Isa, 3, Tiles, LastBegin, LastEnd>,
    multiply_tiles<Isa, 4, Tiles, LastBegin, LastEnd>, multiply_tiles<Isa, 5, Tiles, LastBegin, LastEnd>};

}  // namespace
}  // namespace octet::ops::cpu
