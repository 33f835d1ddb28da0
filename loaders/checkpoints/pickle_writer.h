// The data.pkl of a checkpoint: a StateDict as the pickle that torch.load(weights_only=True) accepts. Protocol 2.
//
//   plain tensors     _rebuild_tensor_v2(storage, 0, size, stride, ...)
//   quantized ones    _rebuild_qtensor(storage, 0, size, stride, (per_tensor_affine, scale, zero_point), ...), or
//                     (per_channel_affine, scales, zero_points, axis)
//   "X._packed_params._packed_params.0" and ".1" (how load_pth calls the weight and bias of a quantized linear layer) become the
//                     tuple "X._packed_params._packed_params", with its dtype and the version numbers that PyTorch looks for
#pragma once

#include <string>
#include <vector>

#include "tensor/state_dict.h"

namespace octet::loaders {

/// The storages that the pickle refers to by their place are appended. Throws Error for a tensor that a checkpoint cannot hold:
/// codes without scale and zero point.
std::string pickled_state_dict(const StateDict& state, std::vector<Tensor>& storages);

}  // namespace octet::loaders
