#include "ops/elementwise.h"

#include <algorithm>
#include <cmath>

#include "ops/cuda/elementwise.h"
#include "ops/cuda/gather.h"
#include "ops/support/broadcast.h"

namespace octet::ops {

namespace {

void activate_to(Activation activation, const Tensor& x, Tensor& y) {
  if (x.on_cuda()) return cuda::activate(activation, x, y);
  const float* px = x.data<float>();
  float* py = y.data<float>();
  const int64_t n = x.numel();
  with(activation, [&](auto f) {
#pragma omp parallel for simd
    for (int64_t i = 0; i < n; ++i) py[i] = f.value(px[i]);
  });
}

}  // namespace

void activate_(Activation f, Tensor& x) { activate_to(f, x, x); }

Tensor activate(Activation f, const Tensor& x) {
  Tensor y(x.shape(), DType::f32, x.device());
  activate_to(f, x, y);
  return y;
}

void activation_backward_(Activation activation, Tensor& dy, const Tensor& saved) {
  OCTET_CHECK(dy.shape() == saved.shape(), name_of(activation), " backward: gradient ", dy.shape(), " for values ",
              saved.shape());
  check_same_device(name_of(activation), {&dy, &saved});
  if (dy.on_cuda()) return cuda::activation_backward(activation, dy, saved);
  float* pd = dy.data<float>();
  const float* ps = saved.data<float>();
  const int64_t n = dy.numel();
  with(activation, [&](auto f) {
#pragma omp parallel for simd
    for (int64_t i = 0; i < n; ++i) pd[i] = f.gradient(pd[i], ps[i]);
  });
}

Tensor add(const Tensor& a, const Tensor& b) {
  OCTET_CHECK(a.shape() == b.shape(), "add: shapes ", a.shape(), " and ", b.shape(), " differ");
  check_same_device("add", {&a, &b});
  Tensor y(a.shape(), DType::f32, a.device());
  if (a.on_cuda()) return cuda::add(a, b, y), y;
  const float *pa = a.data<float>(), *pb = b.data<float>();
  float* py = y.data<float>();
  const int64_t n = y.numel();
#pragma omp parallel for simd
  for (int64_t i = 0; i < n; ++i) py[i] = pa[i] + pb[i];
  return y;
}

void add_(Tensor& a, const Tensor& b) {
  OCTET_CHECK(a.shape() == b.shape(), "add: shapes ", a.shape(), " and ", b.shape(), " differ");
  check_same_device("add", {&a, &b});
  if (a.on_cuda()) return cuda::add(a, b, a);
  float* pa = a.data<float>();
  const float* pb = b.data<float>();
  const int64_t n = a.numel();
#pragma omp parallel for simd
  for (int64_t i = 0; i < n; ++i) pa[i] += pb[i];
}

namespace {

Tensor multiply_gate(const Tensor& x, const Tensor& gate) {
  const Broadcast gate_of(x.shape(), gate.shape());
  Tensor y(x.shape(), DType::f32, x.device());
  if (x.on_cuda()) return cuda::multiply_gate(x, gate, gate_of, y), y;
  const float *px = x.data<float>(), *pg = gate.data<float>();
  float* py = y.data<float>();
#pragma omp parallel for
  for (int64_t row = 0; row < gate_of.rows(); ++row) gate_of.along(row, [&](int64_t i, int64_t g) { py[i] = px[i] * pg[g]; });
  return y;
}

}  // namespace

Tensor multiply(const Tensor& a, const Tensor& b) {
  check_same_device("multiply", {&a, &b});
  if (a.shape() != b.shape()) return is_gate_of(b.shape(), a.shape()) ? multiply_gate(a, b) : multiply_gate(b, a);
  Tensor y(a.shape(), DType::f32, a.device());
  if (a.on_cuda()) return cuda::multiply(a, b, y), y;
  const float *pa = a.data<float>(), *pb = b.data<float>();
  float* py = y.data<float>();
  const int64_t n = y.numel();
#pragma omp parallel for simd
  for (int64_t i = 0; i < n; ++i) py[i] = pa[i] * pb[i];
  return y;
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  const Broadcast gate_of(x.shape(), shape);
  Tensor y = Tensor::zeros(shape, DType::f32, x.device());
  if (x.on_cuda()) return cuda::sum_to(x, gate_of, y), y;
  for (int64_t row = 0; row < gate_of.rows(); ++row)
    gate_of.along(row, [&](int64_t i, int64_t g) { y.data<float>()[g] += x.data<float>()[i]; });
  return y;
}

void scale_(Tensor& x, float factor) {
  if (x.on_cuda()) return cuda::scale(x, factor, x);
  float* p = x.data<float>();
  const int64_t n = x.numel();
#pragma omp parallel for simd
  for (int64_t i = 0; i < n; ++i) p[i] *= factor;
}

Tensor cat_channels(std::span<const Tensor> parts) {
  OCTET_CHECK(!parts.empty() && parts[0].dim() >= 2, "cat: expected at least one tensor [N, C, ...]");
  Shape shape = parts[0].shape();
  shape[1] = 0;
  for (const Tensor& part : parts) {
    Shape expected = parts[0].shape();
    OCTET_CHECK(part.dim() == parts[0].dim() && part.dtype() == parts[0].dtype(), "cat: ", part.dtype(), " ", part.shape(),
                " beside ", parts[0].dtype(), " ", parts[0].shape());
    expected[1] = part.size(1);
    OCTET_CHECK(part.shape() == expected, "cat: shapes ", part.shape(), " and ", parts[0].shape(), " differ outside dimension 1");
    shape[1] += part.size(1);
    check_same_device("cat", {&parts[0], &part});
  }
  Tensor y(shape, parts[0].dtype(), parts[0].device());
  if (y.on_cuda()) return cuda::cat_channels(parts, y), y;
  const int64_t N = shape[0];
  if (y.numel() == 0) return y;
  std::byte* out = y.bytes();
  for (int64_t n = 0; n < N; ++n)
    for (const Tensor& part : parts) {
      const size_t row = part.nbytes() / static_cast<size_t>(N);
      std::memcpy(out, part.bytes() + static_cast<size_t>(n) * row, row);
      out += row;
    }
  return y;
}

std::vector<Tensor> split_channels(const Tensor& x, std::span<const int64_t> channels) {
  OCTET_CHECK(x.dim() >= 2, "split_channels: expected [N, C, ...], got ", x.shape());
  int64_t left = x.size(1);
  for (const int64_t c : channels) {
    OCTET_CHECK(c >= 0 && c <= left, "split_channels: the parts do not add up to ", x.shape(),
                ", or one has fewer than 0 channels");
    left -= c;
  }
  OCTET_CHECK(left == 0, "split_channels: the parts do not add up to ", x.shape());
  std::vector<Tensor> parts;
  for (int64_t c : channels) {
    Shape shape = x.shape();
    shape[1] = c;
    parts.emplace_back(shape, x.dtype(), x.device());
  }
  if (x.on_cuda()) return cuda::split_channels(x, parts), parts;
  if (x.numel() == 0) return parts;
  const auto N = static_cast<size_t>(x.size(0));
  const std::byte* in = x.bytes();
  for (size_t n = 0; n < N; ++n)
    for (Tensor& part : parts) {
      const size_t row = part.nbytes() / N;
      std::memcpy(part.bytes() + n * row, in, row);
      in += row;
    }
  return parts;
}

Tensor flatten(const Tensor& x) { return x.reshape({x.size(0), x.size(0) ? x.numel() / x.size(0) : 0}); }

std::vector<int> argmax(const Tensor& x) {
  OCTET_CHECK(x.dim() == 2 && x.size(1) > 0, "argmax: expected [N, C], got ", x.shape());
  std::vector<int> best(static_cast<size_t>(x.size(0)));
  for (size_t n = 0; n < best.size(); ++n) {
    const float* row = x.data<float>() + static_cast<int64_t>(n) * x.size(1);
    best[n] = static_cast<int>(std::max_element(row, row + x.size(1)) - row);
  }
  return best;
}

}  // namespace octet::ops
