// Stochastic gradient descent with momentum, as torch.optim.SGD defines it (dampening 0):
//   g = gradient + weight_decay * p,   v = momentum * v + g (v = g in the first step),   p -= lr * (nesterov ? g + momentum * v :
//   v)
#pragma once

#include "nn/optimizer.h"

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
    float* p = parameter.data<float>();
    const float* g = gradient.data<float>();
    const int64_t n = parameter.numel();
    if (options_.momentum == 0) {
#pragma omp parallel for simd
      for (int64_t i = 0; i < n; ++i) p[i] -= lr * (g[i] + decay * p[i]);
      return;
    }
    const bool nesterov = options_.nesterov;
    float* v = remembered(key, "momentum", parameter.shape()).data<float>();  // zeros at first, so that v = g
#pragma omp parallel for simd
    for (int64_t i = 0; i < n; ++i) {
      const float d = g[i] + decay * p[i];
      v[i] = momentum * v[i] + d;
      p[i] -= lr * (nesterov ? d + momentum * v[i] : v[i]);
    }
  }

 private:
  Options options_;
};

}  // namespace octet::nn
