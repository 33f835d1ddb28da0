// The kernels of ops/cpu/fconv.h for vectors of any width, which each kernel file compiles for its instruction set. Everything is
// static: a function compiled for a newer CPU must never be the one that the linker picks for an older.
//
// Isa: V, a vector of floats of the compiler; kPanels, registers of outputs in a strip; fma(a, b, c) = a * b + c, rounded once;
// broadcast(x).
#pragma once

#include <cstring>

#include "ops/cpu/fconv.h"
#include "ops/cpu/generic/winograd_window.h"
#include "ops/cpu/winograd_tile.h"
#include "ops/support/integers.h"

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

/// fetches: whether t.ahead is there.
template <class Isa, int Rows, int Panels, bool fetches>
[[gnu::noipa]] static void multiply_tile(const FTile& t) {
  using V = typename Isa::V;
  constexpr int64_t kStrip = Isa::kPanels * kLanes<Isa>;
  V sum[Rows][Panels];
#pragma GCC unroll 6
  for (int m = 0; m < Rows; ++m)
#pragma GCC unroll 4
    for (int n = 0; n < Panels; ++n) sum[m][n] = V{};
  const float* weights = t.weights;
  [[maybe_unused]] const float* ahead = t.ahead;
  for (int64_t r = 0; r < t.runs; ++r) {
    const float* x[Rows];
#pragma GCC unroll 6
    for (int m = 0; m < Rows; ++m) x[m] = t.rows[m] + r * t.run_stride;
    for (int64_t i = 0; i < t.run; ++i, weights += kStrip) {
      if constexpr (fetches) {
#pragma GCC unroll 2
        for (int64_t line = 0; line < kStrip / 2; line += 16) __builtin_prefetch(ahead + line, 0, 2);
        ahead += kStrip / 2;
      }
      V b[Panels];
#pragma GCC unroll 4
      for (int n = 0; n < Panels; ++n) b[n] = load<V>(weights + n * kLanes<Isa>);
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

template <class Isa, int Panels, bool fetches = false>
static void multiply_panels(const FTile& t) {
  switch (t.count) {
    case 1:
      return multiply_tile<Isa, 1, Panels, fetches>(t);
    case 2:
      return multiply_tile<Isa, 2, Panels, fetches>(t);
    case 3:
      return multiply_tile<Isa, 3, Panels, fetches>(t);
    case 4:
      return multiply_tile<Isa, 4, Panels, fetches>(t);
    case 5:
      return multiply_tile<Isa, 5, Panels, fetches>(t);
    default:
      return multiply_tile<Isa, 6, Panels, fetches>(t);
  }
}

template <class Isa>
static void multiply_strip(const FTile& t) {
  const int64_t panels = ceil_div(t.outputs, kLanes<Isa>);
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
static void multiply_places(const float* v, int rows, int64_t C, const float* u, const float* ahead, float* m) {
  constexpr int64_t kStrip = Isa::kPanels * kLanes<Isa>;
  FTile t{};
  for (int row = 0; row < rows; ++row) t.rows[row] = v + row * C;
  t.count = rows;
  t.runs = 1;
  t.run_stride = 0;
  t.run = C;
  t.weights = u;
  t.ahead = ahead;
  t.outputs = kStrip;
  t.bias = t.added = nullptr;
  t.low = -__builtin_inff();
  t.y = m;
  t.y_stride = kStrip;
  if (ahead)
    multiply_panels<Isa, Isa::kPanels, true>(t);
  else
    multiply_panels<Isa, Isa::kPanels, false>(t);
}

/// A vector's channels of one window, from channel c on. No part of its caller: all its addresses would be kept in memory from
/// one call to the next.
template <class Isa, class Transform, class Window>
[[gnu::noinline]] static void transform_lanes(const Window& window, int64_t c, float* v, int64_t place_stride) {
  using V = typename Isa::V;
  constexpr int kWindow = Transform::kIn;
  V half[kWindow][kWindow];  // [place row][window column]
#pragma GCC unroll 6
  for (int w = 0; w < kWindow; ++w) {
    V d[kWindow];
#pragma GCC unroll 6
    for (int h = 0; h < kWindow; ++h) d[h] = load<V>(window.pixel(h, w) + c);
    Transform::apply(d, 1, d);
#pragma GCC unroll 6
    for (int h = 0; h < kWindow; ++h) half[h][w] = d[h];
  }
#pragma GCC unroll 6
  for (int h = 0; h < kWindow; ++h) {
    Transform::apply(half[h], 1, half[h]);
#pragma GCC unroll 6
    for (int w = 0; w < kWindow; ++w, v += place_stride) std::memcpy(v, &half[h][w], sizeof half[h][w]);
  }
}

template <class Isa, class Transform, class Window>
[[gnu::always_inline]] inline void transform_window(const Window& window, int64_t C, float* v, int64_t place_stride) {
  constexpr int64_t kWidth = kLanes<Isa>, kWindow = Transform::kIn, kPlaces = kWindow * kWindow;
  int64_t c = 0;
  for (; c + kWidth <= C; c += kWidth) transform_lanes<Isa, Transform>(window, c, v + c, place_stride);
  if (c == C) return;
  // The last channels, by way of a window and places of whole vectors.
  float copy[kPlaces * kWidth] = {}, places[kPlaces * kWidth];
  const auto rest = static_cast<size_t>(C - c) * sizeof(float);
  for (int64_t h = 0; h < kWindow; ++h)
    for (int64_t w = 0; w < kWindow; ++w) std::memcpy(copy + (h * kWindow + w) * kWidth, window.pixel(h, w) + c, rest);
  transform_lanes<Isa, Transform>(WindowInImage<float>{copy, kWindow * kWidth, kWidth}, 0, places, kWidth);
  for (int64_t i = 0; i < kPlaces; ++i) std::memcpy(v + c + i * place_stride, places + i * kWidth, rest);
}

template <class Isa, class Transform>
static void transform_input(const float* image, int64_t row_stride, int64_t C, float, float* v, int64_t place_stride) {
  transform_window<Isa, Transform>(WindowInImage<float>{image, row_stride, C}, C, v, place_stride);
}
template <class Isa, class Transform>
static void transform_border(const float* const* pixels, int64_t C, float, float* v, int64_t place_stride) {
  transform_window<Isa, Transform>(WindowByPixels<float, Transform::kIn>{pixels}, C, v, place_stride);
}

template <class Isa, class Transform>
static void transform_output(const float* m, int64_t place_stride, const WinogradFloats& o, int64_t k0, int channels, int rows,
                             int columns, int64_t first) {
  using V = typename Isa::V;
  constexpr int kWindow = Transform::kIn, kTile = Transform::kOut;
  const V low = Isa::broadcast(o.low);
  for (int64_t k = 0; k < channels; k += kLanes<Isa>) {
    const int64_t left = channels - k, count = left < kLanes<Isa> ? left : kLanes<Isa>;
    V half[kTile][kWindow], y[kTile][kTile];
#pragma GCC unroll 6
    for (int w = 0; w < kWindow; ++w) {
      V in[kWindow], out[kTile];
#pragma GCC unroll 6
      for (int h = 0; h < kWindow; ++h) in[h] = load<V>(m + (h * kWindow + w) * place_stride + k);
      Transform::apply(in, 1, out);
#pragma GCC unroll 4
      for (int h = 0; h < kTile; ++h) half[h][w] = out[h];
    }
#pragma GCC unroll 4
    for (int h = 0; h < kTile; ++h) Transform::apply(half[h], 1, y[h]);
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
static void largest_values(const float* x, int64_t count, int64_t stride, int64_t n, float* best) {
  using V = typename Isa::V;
  int64_t i = 0;
  for (; i + kLanes<Isa> <= n; i += kLanes<Isa>) {
    V most = load<V>(x + i);
    for (int64_t j = 1; j < count; ++j) {
      const V v = load<V>(x + j * stride + i), larger = v > most ? v : most;
      most = v != v ? v : larger;
    }
    std::memcpy(best + i, &most, sizeof most);
  }
  for (; i < n; ++i) {
    float most = x[i];
    for (int64_t j = 1; j < count; ++j) {
      const float v = x[j * stride + i];
      most = v > most || v != v ? v : most;
    }
    best[i] = most;
  }
}

template <class Isa, class Input, class Output>
constexpr WinogradFloat kWinogradOf = {
    Output::kOut,         Isa::kPanels* kLanes<Isa>,    transform_input<Isa, Input>, transform_border<Isa, Input>,
    multiply_places<Isa>, transform_output<Isa, Output>};

}  // namespace
}  // namespace octet::ops::cpu
