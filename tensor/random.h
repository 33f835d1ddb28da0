// Random numbers that are the same on every platform: a 64-bit Mersenne Twister with own distributions
// (the standard library's distributions may differ between implementations).
#pragma once

#include <cstdint>
#include <random>

#include "tensor/tensor.h"

namespace octet {

class Generator {
 public:
  explicit Generator(uint64_t seed = 0) : engine_(seed) {}

  /// Uniform in [0, 1), 24 random bits.
  float uniform() { return static_cast<float>(engine_() >> 40) * 0x1p-24f; }
  /// Standard normal (Box-Muller; one value per call, so that the sequence has no hidden state).
  float normal();
  /// Uniform integer in [0, bound). Bias below 2^-32 for bounds below 2^32.
  uint64_t below(uint64_t bound) { return engine_() % bound; }

 private:
  std::mt19937_64 engine_;
};

/// Standard normal values.
Tensor randn(Shape shape, Generator& generator);

}  // namespace octet
