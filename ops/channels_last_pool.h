// Pooling of channels-last images [N, H, W, C] -> [N, P, Q, C]: float twins of ops/pool.h for inference, equal to it bit for bit,
// except averages, whose sums have another order; and the loop of max pooling, which the integers share.
#pragma once

#include <algorithm>

#include "ops/pool.h"
#include "ops/support/failure.h"
#include "ops/support/scratch.h"

namespace octet::ops {

Tensor max_pool2d_channels_last(const Tensor& x, const MaxPool2dOptions& options);
Tensor adaptive_avg_pool2d_channels_last(const Tensor& x, Size2 output);
Tensor adaptive_max_pool2d_channels_last(const Tensor& x, Size2 output);

/// [N, H, W, C] -> [N, P, Q, C]. Throws Error for a padding that could fill a window.
inline Shape max_pooled_shape(const Shape& x, const MaxPool2dOptions& o) {
  OCTET_CHECK(o.padding.h <= o.kernel.h / 2 && o.padding.w <= o.kernel.w / 2, "max_pool2d: padding ", o.padding,
              " is more than half of the kernel ", o.kernel);
  return {x[0], output_size(x[1], o.kernel.h, o.stride.h, o.padding.h, o.ceil_mode),
          output_size(x[2], o.kernel.w, o.stride.w, o.padding.w, o.ceil_mode), x[3]};
}

/// largest(x, count, stride, n, best): best[i] becomes the largest of x[i], x[stride + i], ..., `count` of them, for i < n.
/// Reduces rows first (all columns at once), then columns. Every window holds a pixel of the image, because padding is at most
/// half of the kernel.
template <class T, class Largest>
Tensor max_pool_channels_last(const Tensor& x, const MaxPool2dOptions& o, Largest&& largest) {
  const int64_t N = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3);
  Tensor y(max_pooled_shape(x.shape(), o), x.dtype());
  const int64_t P = y.size(1), Q = y.size(2);
  const auto* images = reinterpret_cast<const T*>(x.bytes());
  auto* out = reinterpret_cast<T*>(y.bytes());
  Failure failure;
#pragma omp parallel for
  for (int64_t i = 0; i < N * P; ++i) {
    T* row = nullptr;
    failure.keep([&] { row = scratch<T>(Scratch::windows, W * C); });
    if (row == nullptr) continue;
    const int64_t h0 = i % P * o.stride.h - o.padding.h, first = std::max<int64_t>(h0, 0), end = std::min(h0 + o.kernel.h, H);
    largest(images + (i / P * H + first) * W * C, end - first, W * C, W * C, row);
    for (int64_t q = 0; q < Q; ++q) {
      const int64_t w0 = q * o.stride.w - o.padding.w, left = std::max<int64_t>(w0, 0), right = std::min(w0 + o.kernel.w, W);
      largest(row + left * C, right - left, C, C, out + (i * Q + q) * C);
    }
  }
  failure.rethrow();
  return y;
}

}  // namespace octet::ops
