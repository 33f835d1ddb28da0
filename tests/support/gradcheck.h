// Gradients against central differences: for loss = sum(dy * f(x)), summed in double,
//   d loss / d x[i]  ~  (loss(x + h e_i) - loss(x - h e_i)) / 2h
// f is float32, so each output is off by up to 2^-24 of its size, and the quotient by about 2^-24 * sum|dy * f| / h at worst;
// with h = 2^-6 (a step that changes x exactly) that is below 4e-6 * sum|dy * f|, and the truncation, h^2 f''' / 6, below 5e-5
// f'''.
#pragma once

#include <functional>

#include "tests/support/compare.h"

namespace octet::test {

constexpr float kStep = 0x1p-6f;

struct WeightedSum {
  double sum = 0, magnitude = 0;
};
inline WeightedSum weighted_sum(const Tensor& dy, const Tensor& y) {
  OCTET_CHECK(dy.shape() == y.shape(), "gradcheck: output ", y.shape(), ", gradient ", dy.shape());
  WeightedSum s;
  for (int64_t i = 0; i < y.numel(); ++i) {
    const double term = static_cast<double>(dy.data<float>()[i]) * y.data<float>()[i];
    s.sum += term;
    s.magnitude += std::fabs(term);
  }
  return s;
}

/// f computes the output from the current contents of x, which are changed and restored. `curvature` bounds what truncation adds.
inline ::testing::AssertionResult gradient_is(const Tensor& got, Tensor x, const Tensor& dy, const std::function<Tensor()>& f,
                                              double curvature = 1) {
  if (got.shape() != x.shape()) return ::testing::AssertionFailure() << "shape " << got.shape() << ", expected " << x.shape();
  const double tolerance = 4e-6 * weighted_sum(dy, f()).magnitude + 5e-5 * curvature;
  for (int64_t i = 0; i < x.numel(); ++i) {
    float& at = x.data<float>()[i];
    const float old = at;
    at = old + kStep;
    const double above = weighted_sum(dy, f()).sum, up = at;
    at = old - kStep;
    const double below = weighted_sum(dy, f()).sum, down = at;
    at = old;
    const double numeric = (above - below) / (up - down);
    if (!(std::fabs(numeric - got.data<float>()[i]) <= tolerance))
      return ::testing::AssertionFailure() << "element " << i << ": got " << got.data<float>()[i] << ", central difference "
                                           << numeric << ", tolerance " << tolerance;
  }
  return ::testing::AssertionSuccess();
}

/// |got - want| / |want|, Euclidean norms in double.
inline double relative_error(const Tensor& got, const Tensor& want) {
  OCTET_CHECK(got.shape() == want.shape(), "relative_error: ", got.shape(), " and ", want.shape());
  double error = 0, size = 0;
  for (int64_t i = 0; i < got.numel(); ++i) {
    const double w = want.data<float>()[i], e = got.data<float>()[i] - w;
    error += e * e;
    size += w * w;
  }
  return size == 0 ? std::sqrt(error) : std::sqrt(error / size);
}

}  // namespace octet::test
