// ops/cross_entropy.h on the device. Labels and shapes have been checked by the op.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace octet::ops::cuda {

/// The mean loss over the rows of logits [N, C]. Waits for the device.
double cross_entropy(const Tensor& logits, std::span<const int> labels, float label_smoothing);

/// d [N, C]: of that loss by the logits.
void cross_entropy_backward(const Tensor& logits, std::span<const int> labels, float label_smoothing, Tensor& d);

}  // namespace octet::ops::cuda
