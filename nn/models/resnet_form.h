// A ResNet's options, read from the keys and shapes of a checkpoint in either form (nn/models/resnet.h).
//
//   number of blocks   from the largest index of each stage: "layer2.1.conv1.weight", fastai's "0.5.1.conv1.weight"
//   kind of block      a bottleneck has a conv3
//   groups, widths     from the shapes of the first blocks' convolutions
#pragma once

#include "nn/models/resnet.h"

namespace octet::nn {

/// The weight of the convolution at that path; null without one.
const Tensor* convolution(const StateDict& state, const std::string& path);

/// fastai's body begins with the stem's convolution.
bool has_fastai_keys(const StateDict& state);

/// A state_dict of no ResNet gives options without blocks.
ResNetOptions resnet_options(const StateDict& state, bool fastai);

}  // namespace octet::nn
