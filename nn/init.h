// Initialisation of weights. Sources: He et al. 2015 (arXiv:1502.01852); torch.nn.init.kaiming_normal_; fastai's apply_init.
#pragma once

#include <cmath>

#include "tensor/random.h"

namespace octet::nn::init {

/// Normal with standard deviation sqrt(2 / fan_in), fan_in = the number of inputs of one output: weight [K, C, ...].
inline Tensor kaiming_normal(const Shape& shape, Generator& generator) {
  const float fan_in = static_cast<float>(numel(shape) / shape.at(0));
  Tensor t = randn(shape, generator);
  for (int64_t i = 0; i < t.numel(); ++i) t.data<float>()[i] *= std::sqrt(2.0f / fan_in);
  return t;
}

}  // namespace octet::nn::init
