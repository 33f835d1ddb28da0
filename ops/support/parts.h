// How layer_norm and group_norm take a tensor apart: for the CPU and the device.
#pragma once

#include <cstdint>

#include "tensor/host_device.h"

namespace octet::ops {

/// `parts` of `size` elements each; element i of part p has the factor of place(p, i).
struct Parts {
  int64_t parts, size;
  int64_t factors;       // of weight and bias
  int64_t first_period;  // parts after which the factors begin again
  int64_t run;           // elements in a row that share a factor

  OCTET_HD int64_t place(int64_t part, int64_t i) const { return part % first_period * (size / run) + i / run; }
};

}  // namespace octet::ops
