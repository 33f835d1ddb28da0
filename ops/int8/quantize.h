// Whole tensors between real values and codes; the formula is in ops/engines/requantize.h.
//
// Activations change their layout on the way: float32 [N, C, H, W] <-> quint8 [N, H, W, C]; [N, C] stays.
// PyTorch counterparts: torch.quantize_per_tensor, torch.quantize_per_channel, Tensor.dequantize.
#pragma once

#include "ops/engines/qparams.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

Tensor quantize(const Tensor& x, QParams qparams);
Tensor dequantize(const Tensor& codes, QParams qparams);

/// Weights [K, ...] float32 -> qint8 of the same shape, zero point 0; one scale for all or one per slice of dimension 0.
Tensor quantize_weight(const Tensor& weight, const std::vector<float>& scale);

}  // namespace octet::ops::int8
