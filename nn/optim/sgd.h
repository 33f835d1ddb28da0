// Stochastic gradient descent with momentum, as torch.optim.SGD defines it (dampening 0):
//   g  = gradient + weight_decay * p
//   v  = momentum * v + g                         (v = g in the first step)
//   p -= lr * (nesterov ? g + momentum * v : v)
#pragma once

#include "nn/optim/optimizer.h"
#include "ops/optimizer_step.h"

namespace octet::nn {

class Sgd : public Optimizer {
 public:
  struct Options {
    double momentum = 0;
    bool nesterov = false;
  };
  Sgd(std::vector<ParameterGroup> groups, const Options& options) : Optimizer(std::move(groups)), options_(options) {
    OCTET_CHECK(!options.nesterov || options.momentum > 0, "SGD: Nesterov needs a momentum above 0");
  }
  void set_momentum(double momentum) override { options_.momentum = momentum; }

 protected:
  void update(const std::string& key, Tensor& parameter, const Tensor& gradient, const ParameterGroup& group) override {
    const auto lr = static_cast<float>(group.lr), decay = static_cast<float>(group.weight_decay),
               momentum = static_cast<float>(options_.momentum);
    Tensor none;
    Tensor& velocity = momentum == 0 ? none : remembered(key, "momentum", parameter);  // zeros at first, so that v = g
    ops::sgd_step({lr, decay, momentum, options_.nesterov}, gradient, velocity, parameter);
  }

 private:
  Options options_;
};

}  // namespace octet::nn
