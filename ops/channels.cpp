#include "ops/channels.h"

#include <algorithm>

#include "ops/cpu/reduce.h"
#include "ops/cuda/channels.h"
#include "ops/cuda/elementwise.h"

namespace octet::ops {
namespace {

void check(const Tensor& x, int64_t dimension, const Tensor& factor) {
  OCTET_CHECK(x.dim() > dimension && factor.shape() == Shape{x.size(dimension)}, "channels: factors ", factor.shape(),
              " for dimension ", dimension, " of ", x.shape());
  check_dtype("channels", DType::f32, {&x, &factor});
}

double dot(const float* a, const float* b, int64_t n) {
  return cpu::lane_sum(n, [a, b](int64_t i) { return a[i] * b[i]; });
}

}  // namespace

void fill_channels(const Tensor& values, Tensor& y) {
  check(y, 1, values);
  check_same_device("fill_channels", {&values, &y});
  if (y.on_cuda()) return cuda::fill_channels(values, y);
  const int64_t planes = y.size(0) * y.size(1), plane = planes ? y.numel() / planes : 0;
#pragma omp parallel for
  for (int64_t i = 0; i < planes; ++i) std::fill_n(y.data<float>() + i * plane, plane, values.data<float>()[i % y.size(1)]);
}

Tensor multiply_slices(const Tensor& w, const Tensor& factor) {
  check(w, 0, factor);
  check_same_device("multiply_slices", {&w, &factor});
  Tensor y(w.shape(), DType::f32, w.device());
  if (w.on_cuda()) return cuda::multiply_slices(w, factor, y), y;
  const int64_t K = w.size(0), n = w.numel() / std::max<int64_t>(1, K);
  for (int64_t k = 0; k < K; ++k) {
    const float f = factor.data<float>()[k];
    for (int64_t i = k * n; i < (k + 1) * n; ++i) y.data<float>()[i] = w.data<float>()[i] * f;
  }
  return y;
}

void divide_channels_(Tensor& x, const Tensor& factor) {
  check(x, 1, factor);
  check_same_device("divide_channels", {&x, &factor});
  if (x.on_cuda()) return cuda::divide_channels(x, factor);
  const int64_t planes = x.size(0) * x.size(1), n = x.numel() / std::max<int64_t>(1, planes);
  float* px = x.data<float>();
#pragma omp parallel for
  for (int64_t plane = 0; plane < planes; ++plane) {
    const float f = factor.data<float>()[plane % x.size(1)];
    for (int64_t i = plane * n; i < (plane + 1) * n; ++i) px[i] /= f;
  }
}

Tensor dot_slices(const Tensor& a, const Tensor& b) {
  OCTET_CHECK(a.shape() == b.shape() && a.dim() > 0, "dot_slices: ", a.shape(), " and ", b.shape());
  check_dtype("dot_slices", DType::f32, {&a, &b});
  check_same_device("dot_slices", {&a, &b});
  const int64_t K = a.size(0), n = a.numel() / std::max<int64_t>(1, K);
  Tensor sums({K}, DType::f32, a.device());
  if (a.on_cuda()) return cuda::dot_slices(a, b, sums), sums;
  for (int64_t k = 0; k < K; ++k)
    sums.data<float>()[k] = static_cast<float>(dot(a.data<float>() + k * n, b.data<float>() + k * n, n));
  return sums;
}

Tensor dot_channels(const Tensor& a, const Tensor& b) {
  OCTET_CHECK(a.shape() == b.shape() && a.dim() > 1, "dot_channels: ", a.shape(), " and ", b.shape());
  check_dtype("dot_channels", DType::f32, {&a, &b});
  check_same_device("dot_channels", {&a, &b});
  const int64_t N = a.size(0), K = a.size(1), n = a.numel() / std::max<int64_t>(1, N * K);
  Tensor sums({K}, DType::f32, a.device());
  if (a.on_cuda()) return cuda::dot_channels(a, b, sums), sums;
#pragma omp parallel for
  for (int64_t k = 0; k < K; ++k) {
    double sum = 0;
    for (int64_t image = 0; image < N; ++image) {
      const int64_t at = (image * K + k) * n;
      sum += dot(a.data<float>() + at, b.data<float>() + at, n);
    }
    sums.data<float>()[k] = static_cast<float>(sum);
  }
  return sums;
}

Tensor channel_sums(const Tensor& x) {
  OCTET_CHECK(x.dim() >= 2, "channel_sums: expected [N, K, ...], got ", x.shape());
  const int64_t N = x.size(0), K = x.size(1), plane = x.numel() / std::max<int64_t>(1, N * K);
  Tensor sums({K}, DType::f32, x.device());
  if (x.on_cuda()) return cuda::channel_sums(x, sums), sums;
  const float* p = x.data<float>();
#pragma omp parallel for
  for (int64_t k = 0; k < K; ++k) {
    double sum = 0;
    for (int64_t n = 0; n < N; ++n)
      for (int64_t i = 0; i < plane; ++i) sum += p[(n * K + k) * plane + i];
    sums.data<float>()[k] = static_cast<float>(sum);
  }
  return sums;
}

}  // namespace octet::ops
