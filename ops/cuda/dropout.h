// ops/dropout.h on the device.
#pragma once

#include "tensor/tensor.h"

namespace octet::ops::cuda {

void dropout(const Tensor& x, float p, uint64_t seed, Tensor& y, Tensor& scale);

}  // namespace octet::ops::cuda
