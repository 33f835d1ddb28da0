// Fully connected layer: y = x * weight^T + bias.   x [N, C], weight [K, C], bias [K] or undefined -> y [N, K], float32.
// Forward, on the CPU: sixteen chains of fused multiply-adds for each output (ops/cpu/fdot.h), so that its bits depend neither on
// the batch nor on the number of threads, the instruction set or the BLAS. Naive twin: ops/reference/linear.h.
// Backward: dx = dy * weight,  dweight = dy^T * x,  dbias = the sum of dy's rows. PyTorch counterpart:
// torch.nn.functional.linear.
#pragma once

#include "tensor/tensor.h"

namespace octet::ops {

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);

/// Undefined where not wanted.
struct LinearGradients {
  Tensor x, weight, bias;
};
struct LinearWanted {
  bool x = true, weight = true, bias = true;
};
LinearGradients linear_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, LinearWanted wanted = {});

}  // namespace octet::ops
