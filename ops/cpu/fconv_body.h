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
  const V low = Isa::broadcast(t.low);
#pragma GCC unroll 4
  for (int n = 0; n < Panels; ++n) {
    const int64_t k = n * kLanes<Isa>, left = t.outputs - k;
    const bool whole = left >= kLanes<Isa>;
    const V bias = t.bias ? load<V>(t.bias + k) : V{};
#pragma GCC unroll 6
    for (int m = 0; m < Rows; ++m) {
      V v = sum[m][n] + bias;
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

/// `count` channels of one window, up to the lanes of a vector.
template <class Isa>
[[gnu::always_inline]] inline void transform_window(const float* image, int64_t row_stride, int64_t C, float* v,
                                                    int64_t place_stride, int64_t count) {
  using V = typename Isa::V;
  const bool whole = count == kLanes<Isa>;
  V tile[kWinogradPlaces];
#pragma GCC unroll 6
  for (int h = 0; h < kWinogradWindow; ++h)
#pragma GCC unroll 6
    for (int w = 0; w < kWinogradWindow; ++w) {
      const float* from = image + h * row_stride + w * C;
      tile[h * kWinogradWindow + w] = whole ? load<V>(from) : load_some<V>(from, count);
    }
  transform_2d<InputTransform>(tile);
  for (int place = 0; place < kWinogradPlaces; ++place) store_some(v + place * place_stride, tile[place], count);
}

template <class Isa>
static void transform_input(const float* image, int64_t row_stride, int64_t C, float, float* v, int64_t place_stride) {
  int64_t c = 0;
  for (; c + kLanes<Isa> <= C; c += kLanes<Isa>)
    transform_window<Isa>(image + c, row_stride, C, v + c, place_stride, kLanes<Isa>);
  if (c < C) transform_window<Isa>(image + c, row_stride, C, v + c, place_stride, C - c);
}

template <class Isa>
static void transform_output(const float* m, int64_t place_stride, const WinogradFloats& o, int64_t k0, int channels, int rows,
                             int columns, int64_t first) {
  using V = typename Isa::V;
  const V low = Isa::broadcast(o.low);
  for (int64_t k = 0; k < channels; k += kLanes<Isa>) {
    const int64_t left = channels - k, count = left < kLanes<Isa> ? left : kLanes<Isa>;
    V tile[kWinogradPlaces];
#pragma GCC unroll 36
    for (int place = 0; place < kWinogradPlaces; ++place) tile[place] = load<V>(m + place * place_stride + k);
    transform_2d<OutputTransform>(tile);
    const V bias = load<V>(o.bias + k0 + k);
    for (int h = 0; h < rows; ++h)
      for (int w = 0; w < columns; ++w) {
        const int64_t at = first + k + h * o.row_stride + w * o.outputs;
        V v = tile[h * kWinogradWindow + w] + bias;
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
