// Winograd's F(4x4, 3x3) on channels-last images, as tables of kernels: what the integers
// (ops/cpu/winograd_int16.h) and the floats (ops/cpu/fconv.h) have in common. ops/conv/winograd_tiles.h runs them over images.
//
//   V = B^T d B   of each 6x6 window d, per channel              M = sum over c of U * V   for each of the 36 places
//   Y = A^T M A   4x4 output pixels, per output channel          (Lavin and Gray, arXiv:1509.09308)
#pragma once

#include <cstdint>

namespace octet::ops::cpu {

constexpr int64_t kWinogradPanel = 16;  // outputs that are transformed together
constexpr int64_t kWinogradRows = 6;    // tiles that are multiplied together
constexpr int64_t kWinogradMostPlaces = 36;

/// O: what an output tile needs to become pixels, and where they go.
template <class X, class V, class M, class O>
struct WinogradKernels {
  using Input = X;
  using Transformed = V;
  using Product = M;
  using Output = O;

  int64_t tile;   // output pixels each way: 4
  int64_t strip;  // outputs that multiply computes together: a multiple of kWinogradPanel

  int64_t window() const { return tile + 2; }             // input pixels each way
  int64_t places() const { return window() * window(); }  // products per tile and channel

  /// One window: image, rows of pixels of C values -> v[place * place_stride + c]. `zero`: the value that stands for 0.
  void (*input)(const X* image, int64_t row_stride, int64_t C, X zero, V* v, int64_t place_stride);
  /// The same of a window whose pixels lie anywhere: pixels [window, window].
  void (*border_input)(const X* const* pixels, int64_t C, X zero, V* v, int64_t place_stride);
  /// m[row * strip + k] = sum over c of v[row][c] * u[k][c] for `rows` up to kWinogradRows. v [rows, C]; u: as the table's
  /// weights are packed. ahead: weights that are wanted next, half as many as u's, which are fetched meanwhile; or null.
  void (*multiply)(const V* v, int rows, int64_t C, const V* u, const V* ahead, M* m);
  /// One tile of 16 outputs: m[place * place_stride + k] -> up to tile x tile pixels, `channels` of them (up to 16) from channel
  /// k0. first: the index in the output of the tile's first value, which is of channel k0. Where a tile has fewer rows or columns
  /// than `tile`, its last row or column of places may hold anything.
  void (*output)(const M* m, int64_t place_stride, const O& o, int64_t k0, int channels, int rows, int columns, int64_t first);
};

}  // namespace octet::ops::cpu
