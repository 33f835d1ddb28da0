// Numbers from JSON that must be integers, or finite floats: the library's own conversions take true for 1, cut off fractions and
// wrap around what is too large.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "tensor/json_text.h"

namespace octet::quant {

/// Throws Error unless it is an integer in low..high.
template <class Json>
int64_t integer_from(const Json& j, const char* what, int64_t low, int64_t high) {
  const bool fits = j.is_number_integer() && (!j.is_number_unsigned() || j.template get<uint64_t>() <= INT64_MAX);
  OCTET_CHECK(fits && j.template get<int64_t>() >= low && j.template get<int64_t>() <= high, what, " ", excerpt(j),
              ": expected an integer in ", low, "..", high);
  return j.template get<int64_t>();
}

/// Throws Error unless it is a number no larger than float32s are.
template <class Json>
double real_from(const Json& j, const char* what) {
  const bool fits = j.is_number() && std::fabs(j.template get<double>()) <= std::numeric_limits<float>::max();
  OCTET_CHECK(fits, what, " ", excerpt(j), ": expected a finite number");
  return j.template get<double>();
}

}  // namespace octet::quant
