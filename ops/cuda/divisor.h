// Division by a number that the host knows, as a product and a shift: a device divides by others in some twenty instructions, and
// a kernel that takes its place in a tensor apart does so several times.
//
//   n / d = (high32(m * n) + n) >> l,  l = ceil(log2 d),  m = floor(2^32 (2^l - d) / d) + 1,  for n < 2^31
// Granlund and Montgomery 1994, "Division by Invariant Integers using Multiplication" (doi:10.1145/178243.178249), figure 4.1.
#pragma once

#include <bit>
#include <cstdint>

#include "tensor/host_device.h"

namespace octet::ops::cuda {

struct Divisor {
  uint32_t value, multiplier, shift;

  /// d in [0, 2^31], of which 0 belongs to an empty tensor and divides nothing; implicit, so that kernels are filled with plain
  /// numbers.
  Divisor(uint32_t d) : value(d), multiplier(0), shift(0) {
    if (d == 0) return;
    shift = static_cast<uint32_t>(std::bit_width(d - 1));
    multiplier = static_cast<uint32_t>((((uint64_t{1} << shift) - d) << 32) / d + 1);
  }

  /// n < 2^31, as all of a kernel's numbers are (launch.h: check_elements).
  OCTET_HD friend uint32_t operator/(uint32_t n, const Divisor& d) {
    return (static_cast<uint32_t>((uint64_t{d.multiplier} * n) >> 32) + n) >> d.shift;
  }
  OCTET_HD friend uint32_t operator%(uint32_t n, const Divisor& d) { return n - n / d * d.value; }
};

}  // namespace octet::ops::cuda
