// The kernels of ops/cpu/fconv.h for vectors of any width, which each kernel file compiles for its instruction set. Everything is
// static: a function compiled for a newer CPU must never be the one that the linker picks for an older.
//
// Isa: V, a vector of floats of the compiler; kPanels, registers of outputs in a strip; fma(a, b, c) = a * b + c, rounded once;
// broadcast(x).
#pragma once

#include <cstring>

#include "ops/cpu/fconv.h"
#include "ops/cpu/winograd_tile.h"

namespace octet::ops::cpu {
namespace {

template <class Isa>
constexpr int64_t kLanes = sizeof(typename Isa::V) / sizeof(float);

template <class V>
[[gnu::always_inline]] inline V load(const float* p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

/// The first `count` lanes; the others are 0.
template <class V>
[[gnu::always_inline]] inline V load_some(const float* p, int64_t count) {
  V v = {};
  std::memcpy(&v, p, static_cast<size_t>(count) * sizeof(float));
  return v;
}

template <class V>
[[gnu::always_inline]] inline void store_some(float* p, V v, int64_t count) {
  std::memcpy(p, &v, static_cast<size_t>(count) * sizeof(float));
}

/// fetch_next: the weights behind these are wanted next, and come from far away.
template <class Isa, int Rows, int Panels, bool fetch_next>
[[gnu::noipa]] static void multiply_tile(const FTile& t) {
  using V = typename Isa::V;
  constexpr int64_t kStrip = Isa::kPanels * kLanes<Isa>;
  V sum[Rows][Panels];
#pragma GCC unroll 6
  for (int m = 0; m < Rows; ++m)
#pragma GCC unroll 4
    for (int n = 0; n < Panels; ++n) sum[m][n] = V{};
  const float* weights = t.weights;
  [[maybe_unused]] const int64_t next = t.runs * t.run * kStrip;
  for (int64_t r = 0; r < t.runs; ++r) {
    const float* x[Rows];
#pragma GCC unroll 6
    for (int m = 0; m < Rows; ++m) x[m] = t.rows[m] + r * t.run_stride;
    for (int64_t i = 0; i < t.run; ++i, weights += kStrip) {
      V b[Panels];
#pragma GCC unroll 4
      for (int n = 0; n < Panels; ++n) {
        b[n] = load<V>(weights + n * kLanes<Isa>);
        if constexpr (fetch_next) __builtin_prefetch(weights + next + n * kLanes<Isa>, 0, 2);
      }
#pragma GCC unroll 6
      for (int m = 0; m < Rows; ++m) {
        const V a = Isa::broadcast(x[m][i]);
#pragma GCC unroll 4
        for (int n = 0; n < Panels; ++n) sum[m][n] = Isa::fma(a, b[n], sum[m][n]);
      }
    }
  }
  // By way of memory: with what follows in the same breath, g++ 12 keeps a quarter of the sums there all the time.
  alignas(sizeof(V)) float sums[Rows][Panels][kLanes<Isa>];
#pragma GCC unroll 6
  for (int m = 0; m < Rows; ++m)
#pragma GCC unroll 4
    for (int n = 0; n < Panels; ++n) std::memcpy(sums[m][n], &sum[m][n], sizeof(V));
  asm volatile("" ::: "memory");
  const V low = Isa::broadcast(t.low);
  for (int n = 0; n < Panels; ++n) {
    const int64_t k = n * kLanes<Isa>, left = t.outputs - k;
    const bool whole = left >= kLanes<Isa>;
    const V bias = t.bias ? load<V>(t.bias + k) : V{};
    for (int m = 0; m < Rows; ++m) {
      V v = load<V>(sums[m][n]) + bias;
      if (t.added) v += whole ? load<V>(t.added + m * t.y_stride + k) : load_some<V>(t.added + m * t.y_stride + k, left);
      v = v < low ? low : v;  // NaN stays
      if (whole)
        std::memcpy(t.y + m * t.y_stride + k, &v, sizeof v);
      else
        store_some(t.y + m * t.y_stride + k, v, left);
    }
  }
}

template <class Isa, int Panels, bool fetch_next = false>
static void multiply_panels(const FTile& t) {
  switch (t.count) {
    case 1:
      return multiply_tile<Isa, 1, Panels, fetch_next>(t);
    case 2:
      return multiply_tile<Isa, 2, Panels, fetch_next>(t);
    case 3:
      return multiply_tile<Isa, 3, Panels, fetch_next>(t);
    case 4:
      return multiply_tile<Isa, 4, Panels, fetch_next>(t);
    case 5:
      return multiply_tile<Isa, 5, Panels, fetch_next>(t);
    default:
      return multiply_tile<Isa, 6, Panels, fetch_next>(t);
  }
}

template <class Isa>
static void multiply_strip(const FTile& t) {
  const int64_t panels = (t.outputs + kLanes<Isa> - 1) / kLanes<Isa>;
  if constexpr (Isa::kPanels == 4) {
    if (panels == 1) return multiply_panels<Isa, 1>(t);
    if (panels == 2) return multiply_panels<Isa, 2>(t);
    if (panels == 3) return multiply_panels<Isa, 3>(t);
  } else if (panels < Isa::kPanels) {
    return multiply_panels<Isa, 1>(t);
  }
  multiply_panels<Isa, Isa::kPanels>(t);
}

template <class Isa>
static void multiply_places(const float* v, int rows, int64_t C, const float* u, float* m) {
  constexpr int64_t kStrip = Isa::kPanels * kLanes<Isa>;
  FTile t{};
  for (int row = 0; row < rows; ++row) t.rows[row] = v + row * C;
  t.count = rows;
  t.runs = 1;
  t.run_stride = 0;
  t.run = C;
  t.weights = u;
  t.outputs = kStrip;
  t.bias = t.added = nullptr;
  t.low = -__builtin_inff();
  t.y = m;
  t.y_stride = kStrip;
  multiply_panels<Isa, Isa::kPanels, true>(t);
}

/// A vector's channels of one window. No part of its caller: the 72 addresses would be kept in memory from one call to the next.
template <class Isa>
[[gnu::noinline]] static void transform_lanes(const float* image, int64_t row_stride, int64_t C, float* v, int64_t place_stride) {
  using V = typename Isa::V;
  V half[6][6];  // [place row][window column]
#pragma GCC unroll 6
  for (int w = 0; w < 6; ++w) {
    V d[6];
#pragma GCC unroll 6
    for (int h = 0; h < 6; ++h) d[h] = load<V>(image + h * row_stride + w * C);
    InputTransform::apply(d, 1, d);
#pragma GCC unroll 6
    for (int h = 0; h < 6; ++h) half[h][w] = d[h];
  }
#pragma GCC unroll 6
  for (int h = 0; h < 6; ++h) {
    InputTransform::apply(half[h], 1, half[h]);
#pragma GCC unroll 6
    for (int w = 0; w < 6; ++w, v += place_stride) std::memcpy(v, &half[h][w], sizeof half[h][w]);
  }
}

template <class Isa>
static void transform_input(const float* image, int64_t row_stride, int64_t C, float, float* v, int64_t place_stride) {
  constexpr int64_t kWidth = kLanes<Isa>;
  int64_t c = 0;
  for (; c + kWidth <= C; c += kWidth) transform_lanes<Isa>(image + c, row_stride, C, v + c, place_stride);
  if (c == C) return;
  // The last channels, by way of a window and places of whole vectors.
  float window[kWinogradPlaces * kWidth] = {}, places[kWinogradPlaces * kWidth];
  const auto rest = static_cast<size_t>(C - c) * sizeof(float);
  for (int64_t h = 0; h < 6; ++h)
    for (int64_t w = 0; w < 6; ++w) std::memcpy(window + (h * 6 + w) * kWidth, image + c + h * row_stride + w * C, rest);
  transform_lanes<Isa>(window, 6 * kWidth, kWidth, places, kWidth);
  for (int64_t i = 0; i < kWinogradPlaces; ++i) std::memcpy(v + c + i * place_stride, places + i * kWidth, rest);
}

template <class Isa>
static void transform_output(const float* m, int64_t place_stride, const WinogradFloats& o, int64_t k0, int channels, int rows,
                             int columns, int64_t first) {
  using V = typename Isa::V;
  const V low = Isa::broadcast(o.low);
  for (int64_t k = 0; k < channels; k += kLanes<Isa>) {
    const int64_t left = channels - k, count = left < kLanes<Isa> ? left : kLanes<Isa>;
    V half[4][6], y[4][4];
#pragma GCC unroll 6
    for (int w = 0; w < 6; ++w) {
      V in[6], out[4];
#pragma GCC unroll 6
      for (int h = 0; h < 6; ++h) in[h] = load<V>(m + (h * 6 + w) * place_stride + k);
      OutputTransform::apply(in, 1, out);
#pragma GCC unroll 4
      for (int h = 0; h < 4; ++h) half[h][w] = out[h];
    }
#pragma GCC unroll 4
    for (int h = 0; h < 4; ++h) OutputTransform::apply(half[h], 1, y[h]);
    const V bias = load<V>(o.bias + k0 + k);
    for (int h = 0; h < rows; ++h)
      for (int w = 0; w < columns; ++w) {
        const int64_t at = first + k + h * o.row_stride + w * o.outputs;
        V v = y[h][w] + bias;
        if (o.added) v += count == kLanes<Isa> ? load<V>(o.added + at) : load_some<V>(o.added + at, count);
        v = v < low ? low : v;
        if (count == kLanes<Isa>)
          std::memcpy(o.y + at, &v, sizeof v);
        else
          store_some(o.y + at, v, count);
      }
  }
}

template <class Isa>
constexpr FConvKernels kKernelsOf = {
    multiply_strip<Isa>,
    {transform_input<Isa>, multiply_places<Isa>, transform_output<Isa>, Isa::kPanels* kLanes<Isa>},
    Isa::kPanels* kLanes<Isa>};

}  // namespace
}  // namespace octet::ops::cpu
