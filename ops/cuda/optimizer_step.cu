#include "ops/cuda/optimizer_step.h"

#include "ops/cuda/launch.h"

namespace octet::ops::cuda {
namespace {

struct Sgd {
  SgdStep step;
  const float* g;
  float* v;  // or null
  float* p;
  OCTET_HD void operator()(uint32_t i) const {
    float none = 0;
    step(p[i], g[i], v != nullptr ? v[i] : none);
  }
};

struct AdamW {
  AdamWStep step;
  const float* g;
  float *m, *v, *p;
  OCTET_HD void operator()(uint32_t i) const { step(p[i], g[i], m[i], v[i]); }
};

}  // namespace

void sgd_step(const SgdStep& step, const Tensor& gradient, Tensor& velocity, Tensor& parameter) {
  map("sgd_step", parameter.numel(),
      Sgd{step, gradient.cuda_data<float>(), velocity.defined() ? velocity.cuda_data<float>() : nullptr,
          parameter.cuda_data<float>()});
}

void adamw_step(const AdamWStep& step, const Tensor& gradient, Tensor& mean, Tensor& square, Tensor& parameter) {
  map("adamw_step", parameter.numel(),
      AdamW{step, gradient.cuda_data<float>(), mean.cuda_data<float>(), square.cuda_data<float>(), parameter.cuda_data<float>()});
}

}  // namespace octet::ops::cuda
