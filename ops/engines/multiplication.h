// The product of two codes, each with its scale: ops/int8/multiply.h says where the formula comes from. For the CPU and the device.
#pragma once

#include <cstdint>

#include "ops/engines/round.h"
#include "tensor/host_device.h"

namespace octet::ops::int8 {

/// q = clamp(rne((a - za) * (b - zb) * factor) + zy), factor = sa * sb / sy.
struct QMultiply {
  int32_t za, zb;
  float factor;
  int32_t zy;
  CodeRange range;
  OCTET_HD uint8_t operator()(uint8_t a, uint8_t b) const {
    const int32_t product = (a - za) * (b - zb);
    return static_cast<uint8_t>(round_to_code(static_cast<float>(product) * factor, zy, range));
  }
};

}  // namespace octet::ops::int8
