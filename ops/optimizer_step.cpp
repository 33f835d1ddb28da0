#include "ops/optimizer_step.h"

#include "ops/cuda/channels.h"
#include "ops/cuda/optimizer_step.h"

namespace octet::ops {

namespace {

void check_step(const char* what, const Tensor& parameter, std::initializer_list<const Tensor*> others) {
  for (const Tensor* t : others)
    OCTET_CHECK(t->shape() == parameter.shape(), what, ": ", t->shape(), " for a parameter ", parameter.shape());
}

}  // namespace

void sgd_step(const SgdStep& step, const Tensor& gradient, Tensor& velocity, Tensor& parameter) {
  check_step("sgd_step", parameter, {&gradient, velocity.defined() ? &velocity : &parameter});
  check_same_device("sgd_step", {&parameter, &gradient, &velocity});
  if (parameter.on_cuda()) return cuda::sgd_step(step, gradient, velocity, parameter);
  const float* g = gradient.data<float>();
  float* p = parameter.data<float>();
  const int64_t n = parameter.numel();
  const SgdStep update = step;
  if (!velocity.defined()) {
#pragma omp parallel for simd
    for (int64_t i = 0; i < n; ++i) {
      float none = 0;
      update(p[i], g[i], none);
    }
    return;
  }
  float* v = velocity.data<float>();
#pragma omp parallel for simd
  for (int64_t i = 0; i < n; ++i) update(p[i], g[i], v[i]);
}

void adamw_step(const AdamWStep& step, const Tensor& gradient, Tensor& mean, Tensor& square, Tensor& parameter) {
  check_step("adamw_step", parameter, {&gradient, &mean, &square});
  check_same_device("adamw_step", {&parameter, &gradient, &mean, &square});
  if (parameter.on_cuda()) return cuda::adamw_step(step, gradient, mean, square, parameter);
  const float* g = gradient.data<float>();
  float *m = mean.data<float>(), *v = square.data<float>(), *p = parameter.data<float>();
  const int64_t n = parameter.numel();
  const AdamWStep update = step;
#pragma omp parallel for simd
  for (int64_t i = 0; i < n; ++i) update(p[i], g[i], m[i], v[i]);
}

double sum_of_squares(std::span<const Tensor> tensors) {
  for (const Tensor& x : tensors) check_same_device("sum_of_squares", {&tensors[0], &x});
  if (!tensors.empty() && tensors[0].on_cuda()) return cuda::sum_of_squares(tensors);
  double all = 0;
  for (const Tensor& x : tensors) {
    const float* p = x.data<float>();
    double sum = 0;
    for (int64_t i = 0; i < x.numel(); ++i) sum += static_cast<double>(p[i]) * static_cast<double>(p[i]);
    all += sum;
  }
  return all;
}

}  // namespace octet::ops
