// Integer matrix product for int8 layers: int16 operands, int32 sums, so that nothing saturates and the result is exact.
//
//   acc[m][k] = sum over d of a[m][d] * w[k][d]      a [rows, depth] int16, w [outputs, depth] int8, acc [rows, outputs] int32
//
// a holds code - zero_point (-255..255) and w -128..127, so a sum stays inside int32 for any depth up to 65,793.
// Knows no scales. Weights are packed once: panels of kPanel outputs; in a panel, for each pair of depths, kPanel x 2 int16
// (what one vpmaddwd per eight outputs multiplies with a broadcast pair of a).
#pragma once

#include <cstdint>

#include "ops/support/integers.h"
#include "tensor/tensor.h"

namespace octet::ops::cpu {

constexpr int64_t kPanel = 16;

/// Largest depth for which depth * 255 * 128 fits int32.
constexpr int64_t kMaxDepth = 2147483647LL / (255 * 128);
/// Throws Error for a larger one.
void check_depth(int64_t depth);

struct PackedWeights {
  int64_t outputs = 0;
  int64_t depth = 0;  // rounded up to even; the added weight is 0
  Tensor panels;      // int16 [ceil(outputs/kPanel), depth/2, kPanel, 2], aligned to a cache line

  PackedWeights() = default;
  /// w [outputs, depth], row-major.
  PackedWeights(const int8_t* w, int64_t outputs, int64_t depth);

  int64_t padded_outputs() const { return round_up(outputs, kPanel); }
};

/// a [rows, w.depth]; acc [rows, w.padded_outputs()] is overwritten. Runs on the calling thread.
void qgemm(const int16_t* a, int64_t rows, const PackedWeights& w, int32_t* acc);

/// The kernel. panels: of PackedWeights, outputs and depth rounded up. Plain pointers, because kernels for newer CPUs must not
/// instantiate shared code.
using QGemm = void(const int16_t* a, int64_t rows, const int16_t* panels, int64_t padded_outputs, int64_t depth, int32_t* acc);

}  // namespace octet::ops::cpu
