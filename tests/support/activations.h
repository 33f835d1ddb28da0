// Every activation, those with parameters with some.
#pragma once

#include <vector>

#include "ops/support/activations.h"

namespace octet::test {

inline std::vector<ops::Activation> activations() {
  using ops::Activation;
  return {Activation::relu,
          Activation::relu6,
          Activation::sigmoid,
          Activation::tanh,
          Activation::silu,
          Activation::gelu,
          Activation::gelu_tanh,
          Activation::hardsigmoid,
          Activation::hardswish,
          {Activation::hardtanh, -0.5f, 2.0f},
          {Activation::leaky_relu, 0.2f},
          {Activation::elu, 0.7f}};
}

}  // namespace octet::test
