// Pooling of channels-last images [N, H, W, C] -> [N, P, Q, C]: float twins of ops/pool.h for inference, equal bit for bit to it
// but for the order of the sums of averages; and the loop of max pooling, which the integers share.
#pragma once

#include <algorithm>

#include "ops/pool.h"

namespace octet::ops {

Tensor max_pool2d_channels_last(const Tensor& x, const MaxPool2dOptions& options);
Tensor adaptive_avg_pool2d_channels_last(const Tensor& x, Size2 output);
Tensor adaptive_max_pool2d_channels_last(const Tensor& x, Size2 output);

/// larger(a, b): the larger value. Every window holds a pixel of the image (padding is at most half of the kernel).
template <class T, class Larger>
Tensor max_pool_channels_last(const Tensor& x, const MaxPool2dOptions& o, Larger&& larger) {
  const int64_t N = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3);
  const int64_t P = output_size(H, o.kernel.h, o.stride.h, o.padding.h), Q = output_size(W, o.kernel.w, o.stride.w, o.padding.w);
  OCTET_CHECK(2 * o.padding.h <= o.kernel.h && 2 * o.padding.w <= o.kernel.w, "max_pool2d: padding ", o.padding,
              " is more than half of the kernel ", o.kernel);
  Tensor y({N, P, Q, C}, x.dtype());
  const auto* images = reinterpret_cast<const T*>(x.bytes());
  auto* out = reinterpret_cast<T*>(y.bytes());
#pragma omp parallel for
  for (int64_t i = 0; i < N * P * Q; ++i) {
    const int64_t n = i / (P * Q), h0 = i / Q % P * o.stride.h - o.padding.h, w0 = i % Q * o.stride.w - o.padding.w;
    T* best = out + i * C;
    bool first = true;
    for (int64_t h = std::max<int64_t>(h0, 0); h < std::min(h0 + o.kernel.h, H); ++h)
      for (int64_t w = std::max<int64_t>(w0, 0); w < std::min(w0 + o.kernel.w, W); ++w) {
        const T* pixel = images + ((n * H + h) * W + w) * C;
        if (first) std::copy_n(pixel, C, best);
        if (!first)
#pragma omp simd
          for (int64_t c = 0; c < C; ++c) best[c] = larger(best[c], pixel[c]);
        first = false;
      }
  }
  return y;
}

}  // namespace octet::ops
