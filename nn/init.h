// Initialisation of weights. Sources: He et al. 2015 (arXiv:1502.01852); torch.nn.init.kaiming_normal_; torchvision's ResNet
// (kaiming_normal of the fan out for convolutions, torch.nn.Linear's uniform for fc); fastai's apply_init for its head.
#pragma once

#include "nn/module.h"
#include "tensor/random.h"

namespace octet::nn::init {

/// Which side of a weight [K, C, ...] counts: the inputs of one output, or the outputs that one input reaches.
enum class Fan { in, out };

/// Normal with standard deviation sqrt(2 / fan).
Tensor kaiming_normal(const Shape& shape, Generator& generator, Fan fan = Fan::in);

/// Uniform in [-bound, bound).
Tensor uniform(const Shape& shape, float bound, Generator& generator);

/// Fills every parameter of a ResNet18 in either form, and resets its statistics: convolutions as torchvision, a head of several
/// layers as fastai, a single fc as torch.nn.Linear.
void initialise(Module& model, Generator& generator);

}  // namespace octet::nn::init
