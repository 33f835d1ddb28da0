// Random numbers that are the same on every platform: a 64-bit Mersenne Twister with own distributions
// (the standard library's distributions may differ between implementations).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>

#include "tensor/tensor.h"

namespace octet {

/// A seed that depends on a seed and on numbers (an epoch, a place in it), so that streams are independent and none has to be
/// stored. Steele et al. 2014 (doi:10.1145/2714064.2660195): SplitMix64's output function, once per number.
inline uint64_t mixed_seed(uint64_t seed, std::initializer_list<uint64_t> numbers) {
  seed *= 0xD6E8FEB86659FD93u;  // or else seeds and first numbers with the same exclusive or would give the same streams
  for (uint64_t number : numbers) {
    seed = (seed ^ number) + 0x9E3779B97F4A7C15u;
    seed = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9u;
    seed = (seed ^ (seed >> 27)) * 0x94D049BB133111EBu;
    seed ^= seed >> 31;
  }
  return seed;
}

class Generator {
 public:
  explicit Generator(uint64_t seed = 0) : engine_(seed) {}

  /// 64 random bits.
  uint64_t bits() { return engine_(); }
  /// Uniform in [0, 1), 24 random bits.
  float uniform() { return static_cast<float>(bits() >> 40) * 0x1p-24f; }
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
