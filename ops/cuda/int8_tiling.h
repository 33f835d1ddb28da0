// How the int8 convolution's matrix product is cut into blocks, and which way is the fastest for a given size.
//
//   outputs [M, K], M = N * P * Q, K channels, each a sum of `depth` products. A block of threads makes kRows x kCols of them, in
//   steps of kDepth products; kRowWarps x kColWarps warps share the outputs, and kSlices times as many the step's products.
//
// The roofline of an H100, of one multiprocessor and one cycle:
//   products             kMultiplyAdds of bytes by mma.sync, about half of what wgmma could do, an instruction of that
//                        architecture only
//   second-level cache   kBytes, if all multiprocessors ask. 128 x 128 outputs read 256 bytes for 16,384 multiply-adds, which
//                        take as long; less, as far as windows overlap in the first-level cache
//   shared memory        128 bytes. 64 x 32 outputs of a warp read 96 for 2,048 multiply-adds, which is 21 for each, and enough;
//                        32 x 32 give 16, which is just enough
// Large batches want large tiles. One image has 3,136 rows in layer1 of ResNet18 and 49 in layer4, where tiles of 64 x 64 would
// keep 8 of 132 multiprocessors at work, each with all of the window's 4,608 products to read. There small tiles are faster,
// though they read more in all, and many warps that share a step's products have more of it on the way. The numbers are estimates
// from data sheets, not measurements: they only have to rank.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/cuda/mma.h"
#include "ops/support/integers.h"

namespace octet::ops::cuda {

/// A warp's outputs: (16 * kRowTiles) x (8 * kColTiles).
template <int kRowWarps_, int kColWarps_, int kRowTiles_, int kColTiles_, int kSlices_, int kDepth_, int kStages_>
struct Tiling {
  static constexpr int kRowWarps = kRowWarps_, kColWarps = kColWarps_, kRowTiles = kRowTiles_, kColTiles = kColTiles_,
                       kSlices = kSlices_, kDepth = kDepth_;
  static constexpr int kStages = kStages_;  // steps in shared memory: one that is multiplied, the others on their way
  static constexpr int kThreads = kRowWarps * kColWarps * kSlices * 32;
  static constexpr int kRows = kRowWarps * kRowTiles * kMmaRows, kCols = kColWarps * kColTiles * kMmaCols;
  static_assert(kDepth % (kMmaDepth * kSlices) == 0 && kColTiles % 2 == 0);
  static_assert((kRows + kCols) * kDepth * kStages <= 48 << 10, "what a block may have without asking");
};

using LargestInt8Tiling = Tiling<2, 4, 4, 4, 1, 64, 3>;  // 128 x 128 outputs by 8 warps

/// visit.operator()<Tiling>() with number `index` of them, the largest first.
constexpr size_t kInt8Tilings = 5;
template <class Visit>
auto visit_int8_tiling(size_t index, Visit&& visit) {
  switch (index) {
    case 0:
      return visit.template operator()<LargestInt8Tiling>();
    case 1:
      return visit.template operator()<Tiling<2, 2, 4, 4, 1, 64, 4>>();  // 128 x 64 by 4
    case 2:
      return visit.template operator()<Tiling<2, 2, 2, 4, 2, 64, 4>>();  // 64 x 64 by 4 times 2
    case 3:
      return visit.template operator()<Tiling<1, 1, 2, 4, 4, 128, 4>>();  // 32 x 32 by 1 times 4
    default:
      return visit.template operator()<Tiling<1, 1, 1, 2, 8, 256, 4>>();  // 16 x 16 by 1 times 8
  }
}

/// About how many cycles one tiling takes: those of the multiprocessor with the most blocks.
inline int64_t int8_tiling_cycles(size_t index, int64_t rows, int64_t outputs, int64_t depth, int64_t multiprocessors) {
  constexpr int64_t kMultiplyAdds = 2048, kBytes = 32;
  constexpr int64_t kPerBlock = 1500;  // first bytes to arrive, last codes to leave
  return visit_int8_tiling(index, [&]<class T>() {
    const int64_t blocks = ceil_div(rows, T::kRows) * ceil_div(outputs, T::kCols), turns = ceil_div(blocks, multiprocessors);
    const int64_t products = int64_t{T::kRows} * T::kCols * depth / kMultiplyAdds;
    const int64_t reading = int64_t{T::kRows + T::kCols} * depth / kBytes;
    return turns * (products > reading ? products : reading) + kPerBlock;
  });
}

/// The fastest of them; of equals the largest.
inline size_t fastest_int8_tiling(int64_t rows, int64_t outputs, int64_t depth, int64_t multiprocessors) {
  size_t best = 0;
  for (size_t i = 1; i < kInt8Tilings; ++i)
    if (int8_tiling_cycles(i, rows, outputs, depth, multiprocessors) <
        int8_tiling_cycles(best, rows, outputs, depth, multiprocessors))
      best = i;
  return best;
}

}  // namespace octet::ops::cuda
