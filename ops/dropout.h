// Dropout: y = x * scale, where scale is 0 with probability p and else 1 / (1 - p), so that the mean stays. Backward multiplies
// by the same scale: dx = dy * scale. Any shape, float32. PyTorch: torch.nn.functional.dropout(training=True).
//
// Which values are dropped follows from a seed and their place alone (tensor/philox.h): the same on the CPU and on a device,
// with any number of threads.
#pragma once

#include "ops/support/integers.h"
#include "tensor/philox.h"
#include "tensor/random.h"
#include "tensor/tensor.h"

namespace octet::ops {

struct Dropped {
  Tensor y, scale;  // of x's shape, on its device
};

/// p in [0, 1). Takes one seed from the generator.
Dropped dropout(const Tensor& x, float p, Generator& generator);

/// The four values that the words of one counter decide.
struct DropoutStep {
  static constexpr int64_t kValues = 4;
  static int64_t blocks(int64_t numel) { return ceil_div(numel, kValues); }

  uint64_t seed;
  float p;
  int64_t numel;
  const float* x;
  float *y, *scale;

  /// Values 4 * block to 4 * block + 3, as far as there are so many.
  OCTET_HD void operator()(uint32_t block) const {
    const PhiloxWords random = philox4x32_10({{block, 0, 0, 0}}, seed);
    const int64_t first = kValues * block;
    for (int i = 0; i < kValues && first + i < numel; ++i) {
      const float uniform = static_cast<float>(random.words[i] >> 8) * 0x1p-24f;  // [0, 1)
      const float factor = uniform < p ? 0.0f : 1.0f / (1.0f - p);
      scale[first + i] = factor;
      y[first + i] = x[first + i] * factor;
    }
  }
};

}  // namespace octet::ops
