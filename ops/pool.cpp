#include "ops/pool.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace octet::ops {
namespace {

/// y[n, c, p, q] = reduce(plane, h range, w range), with the ranges given by the two callbacks.
template <class Window, class Reduce>
Tensor pool(const Tensor& x, Size2 output, Window&& window, Reduce&& reduce) {
  const int64_t planes = x.size(0) * x.size(1), H = x.size(2), W = x.size(3);
  Tensor y({x.size(0), x.size(1), output.h, output.w});
  const float* px = x.data<float>();
  float* py = y.data<float>();
#pragma omp parallel for
  for (int64_t i = 0; i < planes; ++i)
    for (int64_t p = 0; p < output.h; ++p)
      for (int64_t q = 0; q < output.w; ++q) {
        const auto [rows, cols] = window(p, q);
        py[(i * output.h + p) * output.w + q] = reduce(px + i * H * W, W, rows, cols);
      }
  return y;
}

float max_of(const float* plane, int64_t width, AdaptiveWindow rows, AdaptiveWindow cols) {
  float best = -std::numeric_limits<float>::infinity();
  for (int64_t h = rows.begin; h < rows.end; ++h)
    for (int64_t w = cols.begin; w < cols.end; ++w) {
      const float value = plane[h * width + w];
      if (value > best || std::isnan(value)) best = value;
    }
  return best;
}

float mean_of(const float* plane, int64_t width, AdaptiveWindow rows, AdaptiveWindow cols) {
  float sum = 0;
  for (int64_t h = rows.begin; h < rows.end; ++h)
    for (int64_t w = cols.begin; w < cols.end; ++w) sum += plane[h * width + w];
  return sum / static_cast<float>((rows.end - rows.begin) * (cols.end - cols.begin));
}

auto adaptive_windows(const Tensor& x, Size2 output) {
  OCTET_CHECK(x.dim() == 4, "adaptive pooling: expected input [N, C, H, W], got ", x.shape());
  OCTET_CHECK(output.h > 0 && output.w > 0 && x.size(2) > 0 && x.size(3) > 0, "adaptive pooling: ", x.shape(), " to ", output);
  return [H = x.size(2), W = x.size(3), output](int64_t p, int64_t q) {
    return std::pair(adaptive_window(p, H, output.h), adaptive_window(q, W, output.w));
  };
}

}  // namespace

Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& o) {
  OCTET_CHECK(x.dim() == 4, "max_pool2d: expected input [N, C, H, W], got ", x.shape());
  const int64_t H = x.size(2), W = x.size(3);
  const Size2 output{output_size(H, o.kernel.h, o.stride.h, o.padding.h), output_size(W, o.kernel.w, o.stride.w, o.padding.w)};
  OCTET_CHECK(2 * o.padding.h <= o.kernel.h && 2 * o.padding.w <= o.kernel.w, "max_pool2d: padding ", o.padding,
              " is more than half of the kernel ", o.kernel);
  auto window = [&](int64_t p, int64_t q) {
    const int64_t h = p * o.stride.h - o.padding.h, w = q * o.stride.w - o.padding.w;
    return std::pair(AdaptiveWindow{std::max<int64_t>(h, 0), std::min(h + o.kernel.h, H)},
                     AdaptiveWindow{std::max<int64_t>(w, 0), std::min(w + o.kernel.w, W)});
  };
  return pool(x, output, window, max_of);
}

Tensor adaptive_avg_pool2d(const Tensor& x, Size2 output) { return pool(x, output, adaptive_windows(x, output), mean_of); }

Tensor adaptive_max_pool2d(const Tensor& x, Size2 output) { return pool(x, output, adaptive_windows(x, output), max_of); }

}  // namespace octet::ops
