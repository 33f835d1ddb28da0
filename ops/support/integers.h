// Divisions that round up. Static, as what kernel files of several instruction sets share.
#pragma once

#include <cstdint>

namespace octet::ops {

/// How many pieces of up to d make n; for a negative n, 0 or less.
static constexpr int64_t ceil_div(int64_t n, int64_t d) { return (n + d - 1) / d; }
/// The first multiple of unit from n on.
static constexpr int64_t round_up(int64_t n, int64_t unit) { return ceil_div(n, unit) * unit; }

}  // namespace octet::ops
