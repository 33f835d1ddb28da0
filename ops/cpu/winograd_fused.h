// Winograd F(4x4, 3x3) whose weights are transformed in registers, on their way to the products: the same products as
// ops/cpu/winograd_int16.h explains, for convolutions of few tiles. There the transformed weights, eight times the plain ones,
// would be read from memory and used only once to four times; transforming them again, every time, is faster.
//
// A row of places needs the three columns of one row of G g, and from them all six of (G g) G^T. With G free of its factors,
//
//        [1  0  0]
//   G' = [1  1  1]      G = diag(6, -4, -4, 1, 1, 12) G'
//        [1 -1  1]
//        [1  2  4]
//        [1 -2  4]
//        [0  0  1]
// that takes additions only, |U'| <= 49 * 128, and the factors are put on the sums, which are few.
#pragma once

#include "ops/cpu/winograd_kernels.h"
#include "tensor/tensor.h"

namespace octet::ops::cpu {

struct WinogradFused {
  static constexpr int kTiles = 4;  // that are multiplied together

  /// Which of the four tiles need a row of places, and which its last place (ops/conv/winograd_grid.h): the others' products are
  /// computed too, or not.
  struct Needed {
    int begin, end, last_begin, last_end;
  };

  /// Sixteen outputs' products with four tiles at places (row, 0) to (row, 5):
  ///   m[j * m_stride + t * tile_stride + k] = sum over c of U[row][j] * V[row][j], as in ops/cpu/winograd_kernels.h
  /// v[j * place_stride + t * C + c]: readable for all four tiles. weights: of the sixteen outputs, as packed below.
  /// ahead: weights of which all rows together fetch sixteen outputs' meanwhile; or null.
  void (*multiply_row)(int row, const Needed& needed, const int16_t* v, int64_t place_stride, int64_t C, const int8_t* weights,
                       const int8_t* ahead, int32_t* m, int64_t m_stride, int64_t tile_stride);
};

/// weight qint8 [K, C, 3, 3] -> int8 [ceil(K/strip) * strip/16, C/2, 9, 16, 2], 0 for outputs that are not there. C must be even.
Tensor winograd_fused_weights(const Tensor& weight, int64_t strip);

}  // namespace octet::ops::cpu
