// The average of a window's codes, as an engine rounds it: ops/int8/pool.h says where the formulas come from. For the CPU and the
// device.
#pragma once

#include <cstdint>

#include "ops/engines/engine.h"
#include "ops/engines/qparams.h"
#include "ops/engines/round.h"
#include "tensor/host_device.h"

namespace octet::ops::int8 {

/// From the sum of a window's code - zero point to the code of their average.
struct AverageRule {
  AverageFactor by;
  QParams qparams;           // of the window's codes
  QParams output = qparams;  // of the average
  OCTET_HD float factor(int32_t count) const {
    const auto n = static_cast<float>(count);
    if (output.scale != qparams.scale) return qparams.scale / (output.scale * n);
    switch (by) {
      case AverageFactor::of_a_layer:
        return qparams.scale / (qparams.scale * n);
      case AverageFactor::reciprocal:
        return 1.0f / n;
    }
    return 0;
  }
  OCTET_HD uint8_t code(int32_t sum, float factor) const {
    return static_cast<uint8_t>(round_to_code(static_cast<float>(sum) * factor, output.zero_point, {0, 255}));
  }
};

}  // namespace octet::ops::int8
