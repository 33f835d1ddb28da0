// Tensors for tests: random floats and codes, the same on every machine.
#pragma once

#include "tensor/random.h"

namespace octet::test {

inline Tensor random_floats(Shape shape, uint64_t seed) {
  Generator generator(seed);
  return randn(std::move(shape), generator);
}

/// Codes over their whole range: quint8 0..255, qint8 -128..127.
inline Tensor random_codes(Shape shape, DType dtype, uint64_t seed) {
  Generator generator(seed);
  Tensor t(std::move(shape), dtype);
  for (int64_t i = 0; i < t.numel(); ++i) t.bytes()[i] = static_cast<std::byte>(generator.below(256));
  return t;
}

}  // namespace octet::test
