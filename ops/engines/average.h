// The average of a window's codes, as an engine rounds it: ops/int8/pool.h says where the formulas come from. For the CPU and the
// device.
#pragma once

#include <cstdint>

#include "ops/engines/round.h"
#include "tensor/host_device.h"

namespace octet::ops::int8 {

/// From the sum of a window's code - zero point to the code of their average.
struct AverageRule {
  float scale;  // of qnnpack's rule for windows of one size; 0: the other rule
  int32_t zero_point;
  OCTET_HD float factor(int32_t count) const {
    const auto n = static_cast<float>(count);
    return scale > 0 ? scale / (scale * n) : 1.0f / n;
  }
  OCTET_HD uint8_t code(int32_t sum, float factor) const {
    return static_cast<uint8_t>(round_to_code(static_cast<float>(sum) * factor, zero_point, {0, 255}));
  }
};

}  // namespace octet::ops::int8
