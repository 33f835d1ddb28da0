#include "ops/pool.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "ops/cuda/pool.h"
#include "ops/support/failure.h"

namespace octet::ops {
namespace {

/// The larger one; NaN wins, as in PyTorch.
float larger(float best, float value) { return value > best || value != value ? value : best; }

float max_of(const float* plane, int64_t width, AdaptiveWindow rows, AdaptiveWindow cols) {
  float best = -std::numeric_limits<float>::infinity();
  for (int64_t h = rows.begin; h < rows.end; ++h)
    for (int64_t w = cols.begin; w < cols.end; ++w) best = larger(best, plane[h * width + w]);
  return best;
}

float mean_of(const float* plane, int64_t width, AdaptiveWindow rows, AdaptiveWindow cols) {
  float sum = 0;
  for (int64_t h = rows.begin; h < rows.end; ++h)
    for (int64_t w = cols.begin; w < cols.end; ++w) sum += plane[h * width + w];
  return sum / static_cast<float>((rows.end - rows.begin) * (cols.end - cols.begin));
}

/// y[n, c, p, q] = reduce(the plane's window (p, q)); on_cuda(x, y) is the same on the device.
template <class Reduce>
Tensor adaptive_pool(const Tensor& x, Size2 output, Reduce&& reduce, void (*on_cuda)(const Tensor& x, Tensor& y)) {
  OCTET_CHECK(x.dim() == 4, "adaptive pooling: expected input [N, C, H, W], got ", x.shape());
  const int64_t planes = x.size(0) * x.size(1), H = x.size(2), W = x.size(3);
  OCTET_CHECK(output.h > 0 && output.w > 0 && H > 0 && W > 0, "adaptive pooling: ", x.shape(), " to ", output);
  Tensor y({x.size(0), x.size(1), output.h, output.w}, DType::f32, x.device());
  if (x.on_cuda()) return on_cuda(x, y), y;
  const float* px = x.data<float>();
  float* py = y.data<float>();
#pragma omp parallel for
  for (int64_t i = 0; i < planes; ++i)
    for (int64_t p = 0; p < output.h; ++p)
      for (int64_t q = 0; q < output.w; ++q)
        py[(i * output.h + p) * output.w + q] =
            reduce(px + i * H * W, W, adaptive_window(p, H, output.h), adaptive_window(q, W, output.w));
  return y;
}

}  // namespace

MaxWindows::MaxWindows(const MaxPool2dOptions& o, int64_t H, int64_t W)
    : o_(o),
      H_(H),
      W_(W),
      P_(output_size(H, o.span().h, o.stride.h, o.padding.h, o.ceil_mode)),
      Q_(output_size(W, o.span().w, o.stride.w, o.padding.w, o.ceil_mode)) {
  OCTET_CHECK(o.padding.h <= o.kernel.h / 2 && o.padding.w <= o.kernel.w / 2, "max_pool2d: padding ", o.padding,
              " is more than half of the kernel ", o.kernel);
  OCTET_CHECK(o.dilation.h > 0 && o.dilation.w > 0, "max_pool2d: dilation ", o.dilation, ", expected above 0");
  const bool reach = (o.padding.h == 0 || o.dilation.h <= H) && (o.padding.w == 0 || o.dilation.w <= W);
  OCTET_CHECK(reach, "max_pool2d: dilation ", o.dilation, " of ", Size2(H, W), " pixels: a window could hold padding alone");
}

// Per output row: the largest value of each column over the window's rows, then over the window's columns. Both loops run along
// W.
Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& o) {
  OCTET_CHECK(x.dim() == 4, "max_pool2d: expected input [N, C, H, W], got ", x.shape());
  const int64_t planes = x.size(0) * x.size(1), H = x.size(2), W = x.size(3);
  const MaxWindows windows(o, H, W);
  const int64_t P = windows.P(), Q = windows.Q();
  OCTET_CHECK(x.dtype() == DType::f32, "max_pool2d: expected float32, got ", x.dtype());
  Tensor y({x.size(0), x.size(1), P, Q}, DType::f32, x.device());
  Tensor no_indices;
  if (x.on_cuda()) return cuda::max_pool2d(x, o, y, no_indices), y;
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  const int64_t width = std::max((Q - 1) * o.stride.w + o.span().w, W + o.padding.w);
  Failure failure;
#pragma omp parallel
  {
    std::vector<float> columns;
    failure.keep([&] { columns.assign(static_cast<size_t>(width), kLowest); });  // with the padding, which never wins
    float* inside = columns.data() + o.padding.w;
#pragma omp for
    for (int64_t i = 0; i < planes * P; ++i) {
      if (failure.failed()) continue;
      const float* plane = x.data<float>() + i / P * H * W;
      const MaxWindow rows = windows.rows(i % P);
      std::fill_n(inside, W, kLowest);
      for (int64_t h = rows.begin; h < rows.end; h += o.dilation.h)
        for (int64_t w = 0; w < W; ++w) inside[w] = larger(inside[w], plane[h * W + w]);
      float* out = y.data<float>() + i * Q;
      for (int64_t q = 0; q < Q; ++q) {
        float best = kLowest;
        for (int64_t s = 0; s < o.kernel.w; ++s)
          best = larger(best, columns[static_cast<size_t>(q * o.stride.w + s * o.dilation.w)]);
        out[q] = best;
      }
    }
  }
  failure.rethrow();
  return y;
}

AvgWindows::AvgWindows(const AvgPool2dOptions& o, int64_t H, int64_t W)
    : o_(o),
      H_(H),
      W_(W),
      P_(output_size(H, o.kernel.h, o.stride.h, o.padding.h, o.ceil_mode)),
      Q_(output_size(W, o.kernel.w, o.stride.w, o.padding.w, o.ceil_mode)) {
  OCTET_CHECK(o.padding.h <= o.kernel.h / 2 && o.padding.w <= o.kernel.w / 2, "avg_pool2d: padding ", o.padding,
              " is more than half of the kernel ", o.kernel);
  OCTET_CHECK(o.divisor_override >= 0, "avg_pool2d: divisor_override ", o.divisor_override, ", expected above 0");
}

Tensor avg_pool2d(const Tensor& x, const AvgPool2dOptions& o) {
  OCTET_CHECK(x.dim() == 4, "avg_pool2d: expected input [N, C, H, W], got ", x.shape());
  const int64_t planes = x.size(0) * x.size(1), H = x.size(2), W = x.size(3);
  OCTET_CHECK(x.dtype() == DType::f32, "avg_pool2d: expected float32, got ", x.dtype());
  const AvgWindows windows(o, H, W);
  const int64_t P = windows.P(), Q = windows.Q();
  Tensor y({x.size(0), x.size(1), P, Q}, DType::f32, x.device());
  if (x.on_cuda()) return cuda::avg_pool2d(x, windows, y), y;
#pragma omp parallel for
  for (int64_t i = 0; i < planes * P; ++i) {
    const float* plane = x.data<float>() + i / P * H * W;
    for (int64_t q = 0; q < Q; ++q) {
      const AvgWindow window = windows.of(i % P, q);
      float sum = 0;
      for (int64_t h = window.h0; h < window.h1; ++h)
        for (int64_t w = window.w0; w < window.w1; ++w) sum += plane[h * W + w];
      y.data<float>()[i * Q + q] = sum / static_cast<float>(window.divisor);
    }
  }
  return y;
}

Tensor adaptive_avg_pool2d(const Tensor& x, Size2 output) { return adaptive_pool(x, output, mean_of, cuda::adaptive_avg_pool2d); }

Tensor adaptive_max_pool2d(const Tensor& x, Size2 output) {
  return adaptive_pool(x, output, max_of, [](const Tensor& in, Tensor& y) {
    Tensor no_indices;
    cuda::max_pool2d(in, std::nullopt, y, no_indices);
  });
}

Tensor mean(const Tensor& x, bool keepdim) {
  const Tensor y = adaptive_avg_pool2d(x, 1);
  return keepdim ? y : y.reshape({y.size(0), y.size(1)});
}

}  // namespace octet::ops
