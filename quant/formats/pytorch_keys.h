// How PyTorch's converted model calls its numbers, for reading (quant/formats/from_pytorch.h) and writing
// (quant/formats/to_pytorch.h).
#pragma once

#include <array>
#include <string>

#include "nn/graph/graph.h"
#include "tensor/state_dict.h"

namespace octet::quant {

/// Weight and bias of a quantized linear layer, as loaders/checkpoints/pth.h takes PyTorch's tuple apart.
inline constexpr const char* kPackedWeight = "._packed_params._packed_params.0";
inline constexpr const char* kPackedBias = "._packed_params._packed_params.1";
/// The same in older files: PyTorch 1.3 to 1.5, and before (torch/ao/nn/quantized/modules/linear.py, _load_from_state_dict).
inline constexpr std::array kPackedWeights = {kPackedWeight, "._packed_params.weight", ".weight"};
inline constexpr std::array kPackedBiases = {kPackedBias, "._packed_params.bias", ".bias"};

/// The entry of a quantized linear layer's weight or bias under any of these endings; null if there is none.
const StateEntry* find_packed(const StateDict& state, const std::string& layer, const std::array<const char*, 3>& endings);

struct QParamKeys {
  std::string scale, zero_point;
};

/// The keys for the value that an observer of the prepared graph observes: a layer's output "0.0.scale", a float module's or the relu's
/// behind an addition "0_4_0_relu_scale_0", a function's by the module that calls it "features_3_scale_0", the model's input by
/// its first user "0_0_input_scale_0". The number counts the observers of the same module, also those of calls that keep their
/// input's scale: an addition behind a cat in one forward has "_scale_1". Source: torch/ao/quantization/fx/utils.py,
/// get_new_attr_name_with_prefix.
QParamKeys qparam_keys(const nn::Graph& prepared, const nn::Node& observer);

/// Was the model quantized in eager mode, as torchvision.models.quantization? Then a stub holds the input's numbers: "quant.scale".
bool is_eager(const StateDict& state);

/// The keys of an eager model: a layer's output "conv1.scale", the input's "quant.scale", an addition's by the FloatFunctional that
/// the same module calls, whatever its name: "layer1.0.add_relu.scale". Of the keys of `state`, which must be eager; a functional
/// that is missing gives the key that torchvision would use.
QParamKeys eager_qparam_keys(const nn::Graph& prepared, const nn::Node& observer, const StateDict& state);

}  // namespace octet::quant
