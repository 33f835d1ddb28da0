// The state_dict of the model that PyTorch's convert_fx makes, from our calibrated graph: what load_state_dict(strict=True)
// takes.
//
// Keys as PyTorch gives them, the counterpart of quant/formats/from_pytorch.h: "X.weight" (quantized), "X.bias", "X.scale",
// "X.zero_point" of convolutions; "X._packed_params..." of linear layers; "X_scale_0" and "X_zero_point_0" of additions and
// quantize nodes.
#pragma once

#include "quant/passes/convert.h"
#include "tensor/state_dict.h"

namespace octet::quant {

/// prepared: calibrated. Throws Error when a layer with weights is kept in float: PyTorch has other keys for those.
StateDict state_dict_for_pytorch(const nn::Graph& prepared, const QConfigMapping& mapping);

}  // namespace octet::quant
