// The training half of ops/pool.h: max pooling that remembers where the maximum was, and the backward passes.
#include <limits>

#include "ops/pool.h"

namespace octet::ops {
namespace {

struct Largest {
  float value = -std::numeric_limits<float>::infinity();
  int32_t index = 0;
};

Largest largest_of(const float* plane, int64_t width, AdaptiveWindow rows, AdaptiveWindow cols) {
  Largest best;
  best.index = static_cast<int32_t>(rows.begin * width + cols.begin);
  for (int64_t h = rows.begin; h < rows.end; ++h)
    for (int64_t w = cols.begin; w < cols.end; ++w) {
      const float value = plane[h * width + w];
      if (value > best.value || value != value) best = {value, static_cast<int32_t>(h * width + w)};
    }
  return best;
}

/// rows(p) and cols(q) give each output's window.
template <class Rows, class Cols>
MaxPooled max_pool(const Tensor& x, Size2 output, Rows&& rows, Cols&& cols) {
  const int64_t planes = x.size(0) * x.size(1), H = x.size(2), W = x.size(3);
  const Shape shape{x.size(0), x.size(1), output.h, output.w};
  MaxPooled pooled{Tensor(shape), Tensor(shape, DType::i32)};
#pragma omp parallel for
  for (int64_t i = 0; i < planes; ++i)
    for (int64_t p = 0; p < output.h; ++p)
      for (int64_t q = 0; q < output.w; ++q) {
        const Largest best = largest_of(x.data<float>() + i * H * W, W, rows(p), cols(q));
        const int64_t at = (i * output.h + p) * output.w + q;
        pooled.y.data<float>()[at] = best.value;
        pooled.indices.data<int32_t>()[at] = best.index;
      }
  return pooled;
}

AdaptiveWindow window(int64_t i, int64_t input, int64_t kernel, int64_t stride, int64_t padding) {
  const int64_t first = i * stride - padding;
  return {std::max<int64_t>(first, 0), std::min(first + kernel, input)};
}

}  // namespace

MaxPooled max_pool2d_with_indices(const Tensor& x, const MaxPool2dOptions& o) {
  OCTET_CHECK(x.dim() == 4, "max_pool2d: expected input [N, C, H, W], got ", x.shape());
  OCTET_CHECK(2 * o.padding.h <= o.kernel.h && 2 * o.padding.w <= o.kernel.w, "max_pool2d: padding ", o.padding,
              " is more than half of the kernel ", o.kernel);
  const int64_t H = x.size(2), W = x.size(3);
  const Size2 output{output_size(H, o.kernel.h, o.stride.h, o.padding.h), output_size(W, o.kernel.w, o.stride.w, o.padding.w)};
  return max_pool(
      x, output, [&](int64_t p) { return window(p, H, o.kernel.h, o.stride.h, o.padding.h); },
      [&](int64_t q) { return window(q, W, o.kernel.w, o.stride.w, o.padding.w); });
}

MaxPooled adaptive_max_pool2d_with_indices(const Tensor& x, Size2 output) {
  OCTET_CHECK(x.dim() == 4 && output.h > 0 && output.w > 0 && x.size(2) > 0 && x.size(3) > 0, "adaptive pooling: ", x.shape(),
              " to ", output);
  return max_pool(
      x, output, [&](int64_t p) { return adaptive_window(p, x.size(2), output.h); },
      [&](int64_t q) { return adaptive_window(q, x.size(3), output.w); });
}

Tensor max_pool2d_backward(const Tensor& dy, const Tensor& indices, const Shape& x_shape) {
  OCTET_CHECK(dy.shape() == indices.shape() && x_shape.size() == 4, "max_pool2d_backward: gradient ", dy.shape(), ", indices ",
              indices.shape(), ", input ", x_shape);
  Tensor dx = Tensor::zeros(x_shape);
  const int64_t planes = x_shape[0] * x_shape[1], pixels = x_shape[2] * x_shape[3], windows = dy.size(2) * dy.size(3);
#pragma omp parallel for
  for (int64_t i = 0; i < planes; ++i)
    for (int64_t o = i * windows; o < (i + 1) * windows; ++o)
      dx.data<float>()[i * pixels + indices.data<int32_t>()[o]] += dy.data<float>()[o];
  return dx;
}

Tensor adaptive_avg_pool2d_backward(const Tensor& dy, const Shape& x_shape) {
  OCTET_CHECK(dy.dim() == 4 && x_shape.size() == 4, "adaptive_avg_pool2d_backward: gradient ", dy.shape(), ", input ", x_shape);
  Tensor dx = Tensor::zeros(x_shape);
  const int64_t planes = x_shape[0] * x_shape[1], H = x_shape[2], W = x_shape[3], P = dy.size(2), Q = dy.size(3);
#pragma omp parallel for
  for (int64_t i = 0; i < planes; ++i)
    for (int64_t p = 0; p < P; ++p)
      for (int64_t q = 0; q < Q; ++q) {
        const AdaptiveWindow rows = adaptive_window(p, H, P), cols = adaptive_window(q, W, Q);
        const auto count = static_cast<float>((rows.end - rows.begin) * (cols.end - cols.begin));
        const float part = dy.data<float>()[(i * P + p) * Q + q] / count;
        for (int64_t h = rows.begin; h < rows.end; ++h)
          for (int64_t w = cols.begin; w < cols.end; ++w) dx.data<float>()[(i * H + h) * W + w] += part;
      }
  return dx;
}

}  // namespace octet::ops
