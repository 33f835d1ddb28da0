// ops/optimizer_step.h on the device.
#pragma once

#include "ops/optimizer_step.h"

namespace octet::ops::cuda {

void sgd_step(const SgdStep& step, const Tensor& gradient, Tensor& velocity, Tensor& parameter);
void adamw_step(const AdamWStep& step, const Tensor& gradient, Tensor& mean, Tensor& square, Tensor& parameter);

}  // namespace octet::ops::cuda
