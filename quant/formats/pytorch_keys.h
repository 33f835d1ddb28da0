// How PyTorch's converted model calls its numbers, for reading (quant/formats/from_pytorch.h) and writing
// (quant/formats/to_pytorch.h).
#pragma once

#include <string>

#include "nn/graph/graph.h"

namespace octet::quant {

/// Weight and bias of a quantized linear layer, as loaders/checkpoints/pth.h takes PyTorch's tuple apart.
inline constexpr const char* kPackedWeight = "._packed_params._packed_params.0";
inline constexpr const char* kPackedBias = "._packed_params._packed_params.1";

struct QParamKeys {
  std::string scale, zero_point;
};

/// The keys for the value that an observer of the prepared graph observes: a layer's output "0.0.scale", a float module's or the relu's
/// behind an addition "0_4_0_relu_scale_0", a function's by the module that calls it "features_3_scale_0", the model's input by
/// its first user "0_0_input_scale_0". The number counts the observers of the same module, also those of calls that keep their
/// input's scale: an addition behind a cat in one forward has "_scale_1". Source: torch/ao/quantization/fx/utils.py,
/// get_new_attr_name_with_prefix.
QParamKeys qparam_keys(const nn::Graph& prepared, const nn::Node& observer);

}  // namespace octet::quant
