#include "tensor/random.h"

#include <cmath>
#include <numbers>

namespace octet {

float Generator::normal() {
  const double u = (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53;  // (0, 1): the logarithm is finite
  const double v = static_cast<double>(engine_() >> 11) * 0x1p-53;
  return static_cast<float>(std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v));
}

Tensor randn(Shape shape, Generator& generator) {
  Tensor t(std::move(shape));
  float* p = t.data<float>();
  for (int64_t i = 0; i < t.numel(); ++i) p[i] = generator.normal();
  return t;
}

}  // namespace octet
