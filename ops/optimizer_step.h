// One step of an optimizer for one parameter, in place: the arithmetic of nn/optim/sgd.h and nn/optim/adamw.h, which say where
// it comes from.
#pragma once

#include <math.h>

#include <span>

#include "tensor/host_device.h"
#include "tensor/tensor.h"

namespace octet::ops {

struct SgdStep {
  float lr, weight_decay, momentum;
  bool nesterov;

  /// One value: parameter p, its gradient g, its velocity v.
  OCTET_HD void operator()(float& p, float g, float& v) const {
    const float d = g + weight_decay * p;
    v = momentum * v + d;
    p -= lr * (nesterov ? d + momentum * v : v);
  }
};
/// velocity: undefined without momentum, which then remembers nothing.
void sgd_step(const SgdStep& step, const Tensor& gradient, Tensor& velocity, Tensor& parameter);

struct AdamWStep {
  float keep;             // 1 - lr * weight_decay
  float b1, b2, c2;       // 1 - beta1, beta2, 1 - beta2
  float step, root, eps;  // lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t)

  /// One value: parameter p, its gradient g, the averages m of gradients and v of their squares.
  OCTET_HD void operator()(float& p, float g, float& m, float& v) const {
    m += b1 * (g - m);
    v = b2 * v + c2 * g * g;
    p = p * keep - step * m / (sqrtf(v) * root + eps);
  }
};
void adamw_step(const AdamWStep& step, const Tensor& gradient, Tensor& mean, Tensor& square, Tensor& parameter);

/// The sum of the squares of all values of tensors that are on one device.
double sum_of_squares(std::span<const Tensor> tensors);

}  // namespace octet::ops
