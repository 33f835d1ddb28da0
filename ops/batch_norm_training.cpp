// The training half of ops/batch_norm.h. Each channel is one thread's, summed image by image, so that the bits do not depend on
// the number of threads.
#include <vector>

#include "ops/batch_norm.h"
#include "ops/cpu/reduce.h"
#include "ops/cuda/batch_norm.h"

namespace octet::ops {
namespace {

/// Images, channels, values per image and channel.
struct Layout {
  int64_t N, C, plane;
  explicit Layout(const Tensor& x) : N(x.size(0)), C(x.size(1)), plane(x.dim() == 4 ? x.size(2) * x.size(3) : 1) {}
};

void check_input(const Tensor& x) {
  check_dtype("batch_norm", DType::f32, {&x});
  OCTET_CHECK(x.dim() == 2 || x.dim() == 4, "batch_norm: expected input [N, C] or [N, C, H, W], got ", x.shape());
}

}  // namespace

BatchStatistics batch_statistics(const Tensor& x) {
  check_input(x);
  const Layout l(x);
  const int64_t m = l.N * l.plane;
  OCTET_CHECK(m > 1, "batch_norm: expected more than one value per channel when training, got input ", x.shape(),
              "; use larger batches");
  BatchStatistics s{Tensor({l.C}, DType::f32, x.device()), Tensor({l.C}, DType::f32, x.device()), m};
  if (x.on_cuda()) return cuda::batch_statistics(x, s), s;
#pragma omp parallel for
  for (int64_t c = 0; c < l.C; ++c) {
    double mean = 0, squares = 0;  // of the values so far: their mean, and the sum of squared distances from it
    for (int64_t n = 0; n < l.N; ++n) {
      const cpu::Moments plane = cpu::moments(x.data<float>() + (n * l.C + c) * l.plane, l.plane);
      // Chan, Golub, LeVeque 1979: joining two sets.
      const double difference = plane.mean - mean, before = static_cast<double>(n), all = before + 1;
      squares += plane.squares + difference * difference * before / all * static_cast<double>(l.plane);
      mean += difference / all;
    }
    s.mean.data<float>()[c] = static_cast<float>(mean);
    s.variance.data<float>()[c] = static_cast<float>(squares / static_cast<double>(m));
  }
  return s;
}

Tensor batch_norm_training(const Tensor& x, const BatchNormParams& params, const BatchStatistics& statistics) {
  BatchNormParams with_batch = params;
  with_batch.running_mean = statistics.mean;
  with_batch.running_var = statistics.variance;
  return batch_norm(x, with_batch);
}

void update_running(const BatchStatistics& s, float momentum, Tensor& running_mean, Tensor& running_var) {
  for (const Tensor* t : std::initializer_list<const Tensor*>{&s.variance, &running_mean, &running_var})
    OCTET_CHECK(t->shape() == s.mean.shape(), "batch_norm: running statistics ", t->shape(), " beside ", s.mean.shape());
  check_same_device("batch_norm", {&s.mean, &running_mean, &running_var});
  if (s.mean.on_cuda()) return cuda::update_running(s, momentum, running_mean, running_var);
  const float unbiased = static_cast<float>(s.count) / static_cast<float>(s.count - 1);
  for (int64_t c = 0; c < s.mean.numel(); ++c) {
    float &mean = running_mean.data<float>()[c], &var = running_var.data<float>()[c];
    mean += momentum * (s.mean.data<float>()[c] - mean);
    var += momentum * (s.variance.data<float>()[c] * unbiased - var);
  }
}

namespace {

/// Both backwards: they differ only in whether the statistics follow x.
BatchNormGradients backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const BatchStatistics& s, float eps,
                            bool statistics_follow) {
  check_input(x);
  OCTET_CHECK(dy.shape() == x.shape(), "batch_norm_backward: gradient ", dy.shape(), " for an output ", x.shape());
  const Layout l(x);
  for (const Tensor* t : {&weight, &s.mean, &s.variance})
    OCTET_CHECK(t->shape() == Shape{l.C}, "batch_norm_backward: input ", x.shape(), " needs weight, mean and variance of shape [",
                l.C, "], got ", t->shape());
  OCTET_CHECK(!statistics_follow || s.count > 0, "batch_norm_backward: statistics of ", s.count, " values");
  check_dtype("batch_norm_backward", DType::f32, {&dy, &weight, &s.mean, &s.variance});
  check_same_device("batch_norm_backward", {&dy, &x, &weight, &s.mean, &s.variance});
  const Device device = x.device();
  BatchNormGradients d{Tensor(x.shape(), DType::f32, device), Tensor({l.C}, DType::f32, device),
                       Tensor({l.C}, DType::f32, device)};
  if (x.on_cuda()) return cuda::batch_norm_backward(dy, x, weight, s, eps, statistics_follow, d), d;
#pragma omp parallel for
  for (int64_t c = 0; c < l.C; ++c) {
    const float mean = s.mean.data<float>()[c], scale = inverse_std(s.variance.data<float>()[c], eps);
    double sum_dy = 0, sum_dy_x = 0;  // the latter of dy * (x - mean)
    for (int64_t n = 0; n < l.N; ++n) {
      const int64_t at = (n * l.C + c) * l.plane;
      const cpu::DySums sums = cpu::dy_sums(dy.data<float>() + at, x.data<float>() + at, mean, l.plane);
      sum_dy += sums.dy;
      sum_dy_x += sums.dy_x;
    }
    d.bias.data<float>()[c] = static_cast<float>(sum_dy);
    d.weight.data<float>()[c] = static_cast<float>(sum_dy_x * scale);
    // dx = a * dy + b * x + constant, from the formula with xhat written out
    const double a = static_cast<double>(weight.data<float>()[c]) * scale;
    const double per_value = statistics_follow ? 1.0 / static_cast<double>(s.count) : 0.0;
    const double b = -a * scale * scale * sum_dy_x * per_value;
    for (int64_t n = 0; n < l.N; ++n) {
      const int64_t at = (n * l.C + c) * l.plane;
      cpu::combine(dy.data<float>() + at, x.data<float>() + at, mean, l.plane,
                   {static_cast<float>(a), static_cast<float>(b), static_cast<float>(-a * sum_dy * per_value)},
                   d.x.data<float>() + at);
    }
  }
  return d;
}

}  // namespace

BatchNormGradients batch_norm_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const BatchStatistics& s,
                                       float eps) {
  return backward(dy, x, weight, s, eps, true);
}

BatchNormGradients batch_norm_frozen_backward(const Tensor& dy, const Tensor& x, const BatchNormParams& p) {
  return backward(dy, x, p.weight, {p.running_mean, p.running_var, 0}, p.eps, false);
}

}  // namespace octet::ops
