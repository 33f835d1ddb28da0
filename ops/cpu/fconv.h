// Float convolution for inference on channels-last images: the kernels of ops/conv/inference_conv2d.h.
//
//   sum[m][k] = sum over r < runs, i < run of rows[m][r * run_stride + i] * weights[r][i][k]    fused, in this order
//   y[m][k] = max(sum[m][k] + bias[k] + added[m][k], low)
// A row is the window of one output pixel, R runs of S*C values in a padded image; or a Winograd tile's values at one place, one
// run of C. Each output is summed in the same order on every instruction set, so all give the same bits.
#pragma once

#include <cstdint>

#include "ops/cpu/winograd_kernels.h"

namespace octet::ops::cpu {

struct FTile {
  static constexpr int kRows = 6;  // at most

  const float* rows[kRows];
  int count;  // of rows
  int64_t runs, run_stride, run;
  const float* weights;  // [runs, run, strip]
  const float* ahead;    // half as many, wanted next and fetched meanwhile; null: none
  int64_t outputs;       // of the strip's that exist
  const float* bias;     // [strip], or null
  const float* added;    // as y, or null; may be y itself
  float low;             // 0: relu; -infinity: nothing
  float* y;              // [count] rows of `outputs` values
  int64_t y_stride;      // values from one row of y, and of added, to the next
};

/// What a Winograd tile needs to become outputs.
struct WinogradFloats {
  const float* bias;   // [strip * strips]
  const float* added;  // as y, or null
  float low;
  int64_t outputs;     // K: values from one pixel to the next
  int64_t row_stride;  // values from one row of the image to the next
  float* y;
};

/// u [C, strip].
using WinogradFloat = WinogradKernels<float, float, float, WinogradFloats>;

/// Products of 4x4 tiles from weights that are not transformed yet: fewer bytes to read, the same operations and bits.
struct WinogradPlain {
  static constexpr int64_t kTiles = 4;  // that are multiplied together
  int64_t lanes;                        // outputs
  /// m[place * m_stride + t * tile_stride + k] = sum over c of v[place * place_stride + t * C + c] * (G g[c] G^T)[place][k].
  /// Of the first `rows` rows of places, 5 or 6. g [C, 3, 3, lanes]; ahead: the next ones, which are fetched meanwhile.
  void (*multiply)(int rows, const float* v, int64_t place_stride, int64_t C, const float* g, const float* ahead, float* m,
                   int64_t m_stride, int64_t tile_stride);
};

struct FConvKernels {
  void (*tile)(const FTile& tile);
  WinogradFloat winograd;  // F(4x4, 3x3)
  WinogradPlain winograd_plain;
  /// For max pooling: ops/channels_last_pool.h. NaN wins.
  void (*largest)(const float* x, int64_t count, int64_t stride, int64_t n, float* best);
  int64_t strip;  // outputs of one tile
};

}  // namespace octet::ops::cpu
