// AdamW (Loshchilov and Hutter, arXiv:1711.05101), as torch.optim.AdamW defines it. In step t, with g the gradient:
//   p *= 1 - lr * weight_decay,   m += (1 - beta1) * (g - m),   v = beta2 * v + (1 - beta2) * g^2
//   p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
// fastai's Adam with decoupled weight decay is this with beta2 = 0.99 and eps = 1e-5.
#pragma once

#include <cmath>

#include "nn/optim/optimizer.h"
#include "ops/optimizer_step.h"

namespace octet::nn {

class AdamW : public Optimizer {
 public:
  struct Options {
    double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  };
  AdamW(std::vector<ParameterGroup> groups, const Options& options) : Optimizer(std::move(groups)), options_(options) {}
  void set_momentum(double momentum) override { options_.beta1 = momentum; }

 protected:
  void update(const std::string& key, Tensor& parameter, const Tensor& gradient, const ParameterGroup& group) override {
    // Each parameter has its own count, because one that was frozen starts later.
    float& count = *remembered(key, "step", Tensor(Shape{})).data<float>();
    const double t = ++count;
    const auto keep = static_cast<float>(1 - group.lr * group.weight_decay), b1 = static_cast<float>(1 - options_.beta1),
               b2 = static_cast<float>(options_.beta2), c2 = static_cast<float>(1 - options_.beta2),
               eps = static_cast<float>(options_.eps);
    const auto step = static_cast<float>(group.lr / (1 - std::pow(options_.beta1, t)));
    const auto root = static_cast<float>(1 / std::sqrt(1 - std::pow(options_.beta2, t)));
    ops::adamw_step({keep, b1, b2, c2, step, root, eps}, gradient, remembered(key, "mean", parameter),
                    remembered(key, "square", parameter), parameter);
  }

 private:
  Options options_;
};

}  // namespace octet::nn
