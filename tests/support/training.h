// The formulas of tests/golden/golden_training.py: hashed weights and images, and projections of tensors on vectors of signs.
#pragma once

#include "nn/module.h"
#include "tests/support/compare.h"

namespace octet::test {

inline uint32_t hashed(uint32_t i) {
  i ^= i >> 16;
  i *= 0x85EBCA6Bu;
  i ^= i >> 13;
  i *= 0xC2B2AE35u;
  return i ^ (i >> 16);
}

inline Tensor hashed_values(const Shape& shape, uint32_t seed, double scale, double offset = 0) {
  Tensor t(shape);
  for (int64_t i = 0; i < t.numel(); ++i)
    t.data<float>()[i] = static_cast<float>(
        offset + scale * (static_cast<double>(hashed(static_cast<uint32_t>(i) + seed * 0x9E3779B9u)) / 2147483648.0 - 1));
  return t;
}

inline void fill_by_formula(nn::Module& model) {
  uint32_t seed = 0;
  for (nn::Module::State& s : model.state()) {
    if (!s.is_parameter) continue;
    const Shape shape = s.value.tensor().shape();
    const double fan_in = static_cast<double>(numel(shape)) / static_cast<double>(shape[0]);
    const bool is_vector = shape.size() == 1, is_scale = is_vector && seed % 3 == 1;  // of batch norm
    const double scale = !is_vector ? std::sqrt(6 / fan_in) : is_scale ? 0.2 : 2.5;
    s.value.set(hashed_values(shape, seed++, scale, is_scale ? 1.0 : 0.0));
  }
}

/// How far t is from the tensor whose norm and projections are stored, relative to its norm: |t - stored| / |stored|, estimated
/// as the root mean square difference of eight projections on random signs, which has that expectation.
inline double projected_error(const Tensor& t, const Tensor& stored) {
  const double* want = stored.data<double>();
  const int64_t projections = stored.numel() - 1;
  double squares = 0;
  for (int64_t j = 0; j < projections; ++j) {
    double sum = 0;
    for (int64_t i = 0; i < t.numel(); ++i) {
      const double value = t.data<float>()[i];
      sum += hashed(static_cast<uint32_t>(i)) >> j & 1 ? -value : value;
    }
    squares += (sum - want[1 + j]) * (sum - want[1 + j]);
  }
  return std::sqrt(squares / static_cast<double>(projections)) / want[0];
}

}  // namespace octet::test
