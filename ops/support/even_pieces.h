// Cutting a length into pieces of about the same size.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/support/integers.h"

namespace octet::ops {

/// `size` cut into as few pieces of up to `most` as possible, all about as long, the longer ones first.
struct EvenPieces {
  EvenPieces(int64_t size, int64_t most) : count(ceil_div(size, most)), shorter(size / count), longer(size % count) {}

  int64_t count, shorter, longer;  // longer: how many are shorter + 1 long
  int64_t start(int64_t i) const { return i * shorter + std::min(i, longer); }
  int64_t length(int64_t i) const { return shorter + (i < longer ? 1 : 0); }
};

}  // namespace octet::ops
