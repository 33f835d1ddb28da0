// Float products of rows with rows, for ops/linear.h: both matrices are read as they lie.
//
//   sums[m][k][j] += sum over i of x[m][16 i + j] * w[k][16 i + j]      sixteen chains of fused multiply-adds, in this order
//   total(sums[m][k]) = the sixteen, added in halves: j and j + 8, then j and j + 4, j and j + 2, j and j + 1
// The order is the same for every number of rows and on every instruction set, so all give the same bits.
#pragma once

#include <cstdint>

namespace octet::ops::cpu {

struct FDotTile {
  static constexpr int64_t kChains = 16;
  const float* x;  // rows x_stride apart
  const float* w;  // rows w_stride apart
  int64_t rows, outputs;
  int64_t x_stride, w_stride;
  int64_t count;        // of products in each sum: those behind the last whole sixteen belong to the first chains
  float* sums;          // [rows, outputs, kChains], rows sums_stride apart; zeros to begin with
  int64_t sums_stride;  // values
};

struct FDotKernels {
  void (*multiply)(const FDotTile& tile);
  /// y[k] = total(sums[k][kChains])
  void (*total)(const float* sums, int64_t outputs, float* y);
};

}  // namespace octet::ops::cpu
