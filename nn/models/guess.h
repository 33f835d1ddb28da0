// The name of a network that octet does not have built in, guessed from a key that only it has: so that an error can say what the
// file is instead of listing hundreds of keys that do not fit.
#pragma once

#include <string>

#include "tensor/state_dict.h"

namespace octet::nn {

/// "a DenseNet", "an EfficientNet of torchvision"; empty for keys that tell nothing.
std::string guess_network(const StateDict& state);

}  // namespace octet::nn
