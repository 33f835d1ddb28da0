// The state_dict of a model that PyTorch quantized, as an int8 graph: torch.save(convert_fx(prepared).state_dict()), or in eager
// mode, as torchvision.models.quantization has its models.
//
// The graph is the one that our own passes make of the traced network; PyTorch's file brings the numbers:
//   0_0_input_scale_0, 0_0_input_zero_point_0     the model's input
//   0.0.weight (qint8 with its scales), 0.0.bias, 0.0.scale, 0.0.zero_point                a convolution and its output
//   1.4._packed_params._packed_params = (weight, bias), 1.4.scale, 1.4.zero_point          a linear layer and its output
//   0_4_0_relu_scale_0, ...                       an addition and relu, or a float op, by its module's path
// Eager mode has quant.scale for the input and layer1.0.add_relu.scale for an addition (quant/formats/pytorch_keys.h).
#pragma once

#include "quant/passes/convert.h"
#include "tensor/state_dict.h"

namespace octet::quant {

/// traced: nn::trace's graph of any network, of which only the structure and the shapes count. Throws one Error that lists all
/// missing and unexpected keys. `source` names the file.
nn::Graph graph_from_pytorch(const nn::Graph& traced, const StateDict& state, Engine engine, const std::string& source);

/// Outputs of a layer, such as a classifier, by its path. Throws Error (naming `source`) when it is not there.
int64_t outputs_from_pytorch(const StateDict& state, const std::string& layer, const std::string& source);

}  // namespace octet::quant
