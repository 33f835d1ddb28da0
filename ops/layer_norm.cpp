#include "ops/layer_norm.h"

#include "ops/cuda/norms.h"

namespace octet::ops {
namespace {

void check(const char* what, const Tensor& x, const Tensor& weight, const Tensor& bias, const Shape& affine) {
  OCTET_CHECK(x.dtype() == DType::f32 && (x.dim() == 2 || x.dim() == 4), what, ": expected float32 [N, C] or [N, C, H, W], got ",
              x.dtype(), " ", x.shape());
  check_same_device(what, {&x, &weight, &bias});
  for (const Tensor* t : {&weight, &bias})
    OCTET_CHECK(!t->defined() || t->shape() == affine, what, ": weight or bias ", t->shape(), ", expected ", affine);
}

Parts layer_parts(const Tensor& x, const Shape& normalized, const Tensor& weight, const Tensor& bias) {
  check("layer_norm", x, weight, bias, normalized);
  const Shape& s = x.shape();
  const bool fits = !normalized.empty() && normalized.size() < s.size() &&
                    std::equal(normalized.rbegin(), normalized.rend(), s.rbegin()) && numel(normalized) > 0;
  OCTET_CHECK(fits, "layer_norm: over ", normalized, " of ", s, ", expected its last dimensions, and not the first");
  const int64_t size = numel(normalized);
  return {x.numel() / size, size, size, 1, 1};
}

Parts group_parts(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias) {
  check("group_norm", x, weight, bias, x.dim() >= 2 ? Shape{x.size(1)} : Shape{});
  const int64_t C = x.size(1), pixels = x.dim() == 4 ? x.size(2) * x.size(3) : 1;
  OCTET_CHECK(groups > 0 && C % groups == 0 && C > 0 && pixels > 0, "group_norm: ", groups, " groups of the channels of ",
              x.shape());
  return {x.size(0) * groups, C / groups * pixels, C, groups, pixels};
}

Tensor normalized(const Tensor& x, const Parts& p, const Tensor& weight, const Tensor& bias, float eps) {
  Tensor y(x.shape(), DType::f32, x.device());
  if (x.on_cuda()) return cuda::normalize(x, p, weight, bias, eps, y), y;
  const float *w = weight.defined() ? weight.data<float>() : nullptr, *b = bias.defined() ? bias.data<float>() : nullptr;
#pragma omp parallel for
  for (int64_t part = 0; part < p.parts; ++part) {
    normalize_part(x.data<float>() + part * p.size, p, part, w, b, eps, y.data<float>() + part * p.size);
  }
  return y;
}

/// dx of one part; adds to dweight and dbias in float64.
void part_backward(const float* dy, const float* x, const Parts& p, int64_t part, const float* w, float eps, float* dx,
                   std::vector<double>& dweight, std::vector<double>& dbias) {
  const PartStatistics s = statistics_of(x, p.size, eps);
  normalize_part_backward(dy, x, p, part, w, s, dx);
  for (int64_t i = 0; i < p.size; ++i) {
    const auto at = static_cast<size_t>(p.place(part, i));
    dweight[at] += static_cast<double>(dy[i]) * s.normalized(x[i]), dbias[at] += static_cast<double>(dy[i]);
  }
}

Tensor as_floats(const std::vector<double>& values, const Shape& shape) {
  Tensor t(shape);
  for (size_t i = 0; i < values.size(); ++i) t.data<float>()[i] = static_cast<float>(values[i]);
  return t;
}

NormGradients backward(const Tensor& dy, const Tensor& x, const Parts& p, const Tensor& weight, const Tensor& bias, float eps) {
  OCTET_CHECK(dy.shape() == x.shape(), "norm backward: gradient ", dy.shape(), " for an input ", x.shape());
  NormGradients d{Tensor(x.shape(), DType::f32, x.device()), {}, {}};
  if (x.on_cuda()) {
    if (weight.defined()) d.weight = Tensor(weight.shape(), DType::f32, Device::cuda);
    if (bias.defined()) d.bias = Tensor(bias.shape(), DType::f32, Device::cuda);
    cuda::normalize_backward(dy, x, p, weight, eps, d.x, d.weight, d.bias);
    return d;
  }
  std::vector<double> dweight(static_cast<size_t>(p.factors)), dbias(static_cast<size_t>(p.factors));
  for (int64_t part = 0; part < p.parts; ++part)
    part_backward(dy.data<float>() + part * p.size, x.data<float>() + part * p.size, p, part,
                  weight.defined() ? weight.data<float>() : nullptr, eps, d.x.data<float>() + part * p.size, dweight, dbias);
  if (weight.defined()) d.weight = as_floats(dweight, weight.shape());
  if (bias.defined()) d.bias = as_floats(dbias, bias.shape());
  return d;
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Shape& over, const Tensor& weight, const Tensor& bias, float eps) {
  return normalized(x, layer_parts(x, over, weight, bias), weight, bias, eps);
}

Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, float eps) {
  return normalized(x, group_parts(x, groups, weight, bias), weight, bias, eps);
}

NormGradients layer_norm_backward(const Tensor& dy, const Tensor& x, const Shape& over, const Tensor& weight, const Tensor& bias,
                                  float eps) {
  return backward(dy, x, layer_parts(x, over, weight, bias), weight, bias, eps);
}

NormGradients group_norm_backward(const Tensor& dy, const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias,
                                  float eps) {
  return backward(dy, x, group_parts(x, groups, weight, bias), weight, bias, eps);
}

}  // namespace octet::ops
