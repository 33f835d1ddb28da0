// Sums along one plane of n floats, as batch normalization needs them. Eight running sums, added in a fixed order, so that the
// loops vectorise and every instruction set gives the same bits. float sums inside blocks of 1024, double beyond.
#pragma once

#include <algorithm>
#include <cstdint>

namespace octet::ops::cpu {

constexpr int64_t kLanes = 8, kBlock = 1024;

/// The sum of term(i) over [0, n).
template <class Term>
inline double lane_sum(int64_t n, Term&& term) {
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t end = std::min(n, begin + kBlock);
    float lanes[kLanes] = {};
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes)
      for (int64_t k = 0; k < kLanes; ++k) lanes[k] += term(i + k);
    for (int64_t k = 0; i < end; ++i, ++k) lanes[k] += term(i);
    for (float lane : lanes) total += lane;
  }
  return total;
}

struct Moments {
  double mean, squares;  // squares: the sum of (x - mean)^2
};
inline Moments moments(const float* x, int64_t n) {
  if (n == 1) return {x[0], 0};
  const double mean = lane_sum(n, [x](int64_t i) { return x[i]; }) / static_cast<double>(n);
  const float rounded = static_cast<float>(mean);
  const double squares = lane_sum(n, [x, rounded](int64_t i) { return (x[i] - rounded) * (x[i] - rounded); });
  const double off = mean - static_cast<double>(rounded);
  return {mean, squares - off * off * static_cast<double>(n)};
}

struct DySums {
  double dy, dy_x;  // sum dy, sum dy * (x - mean)
};
inline DySums dy_sums(const float* dy, const float* x, float mean, int64_t n) {
  return {lane_sum(n, [dy](int64_t i) { return dy[i]; }),
          lane_sum(n, [dy, x, mean](int64_t i) { return dy[i] * (x[i] - mean); })};
}

struct Coefficients {
  float dy, x, constant;
};
/// out = c.dy * dy + c.x * (x - mean) + c.constant
inline void combine(const float* dy, const float* x, float mean, int64_t n, Coefficients c, float* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = c.dy * dy[i] + c.x * (x[i] - mean) + c.constant;
}

}  // namespace octet::ops::cpu
