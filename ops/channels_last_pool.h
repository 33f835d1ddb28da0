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

/// [N, H, W, C] -> [N, P, Q, C]. Throws Error as MaxWindows.
inline Shape max_pooled_shape(const Shape& x, const MaxPool2dOptions& o) {
  const MaxWindows windows(o, x[1], x[2]);
  return {x[0], windows.P(), windows.Q(), x[3]};
}

/// largest(x, count, stride, n, best): best[i] becomes the largest of x[i], x[stride + i], ..., `count` of them, for i < n.
/// Reduces rows first (all columns at once), then columns. Every window holds a pixel of the image (MaxWindows).
template <class T, class Largest>
Tensor max_pool_channels_last(const Tensor& x, const MaxPool2dOptions& o, Largest&& largest) {
  const int64_t N = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3);
  const MaxWindows windows(o, H, W);
  const int64_t P = windows.P(), Q = windows.Q();
  Tensor y({N, P, Q, C}, x.dtype());
  const auto taps = [](MaxWindow window, int64_t dilation) { return (window.end - window.begin + dilation - 1) / dilation; };
  const auto* images = reinterpret_cast<const T*>(x.bytes());
  auto* out = reinterpret_cast<T*>(y.bytes());
  Failure failure;
#pragma omp parallel for
  for (int64_t i = 0; i < N * P; ++i) {
    const MaxWindow rows = windows.rows(i % P);
    T* row = nullptr;
    failure.keep([&] { row = scratch<T>(Scratch::windows, W * C); });
    if (row == nullptr) continue;
    largest(images + (i / P * H + rows.begin) * W * C, taps(rows, o.dilation.h), o.dilation.h * W * C, W * C, row);
    for (int64_t q = 0; q < Q; ++q) {
      const MaxWindow cols = windows.cols(q);
      largest(row + cols.begin * C, taps(cols, o.dilation.w), o.dilation.w * C, C, out + (i * Q + q) * C);
    }
  }
  failure.rethrow();
  return y;
}

}  // namespace octet::ops
