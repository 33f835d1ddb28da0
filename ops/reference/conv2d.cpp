#include "ops/reference/conv2d.h"

namespace octet::ops::reference {

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  const int64_t N = x.size(0), H = x.size(2), W = x.size(3);
  const int64_t K = weight.size(0), C = weight.size(1), R = weight.size(2), S = weight.size(3);
  const int64_t P = output_size(H, (R - 1) * options.dilation.h + 1, options.stride.h, options.padding.h),
                Q = output_size(W, (S - 1) * options.dilation.w + 1, options.stride.w, options.padding.w);
  Tensor y({N, K, P, Q});
  const float *px = x.data<float>(), *pw = weight.data<float>();
  float* py = y.data<float>();
  for (int64_t n = 0; n < N; ++n)
    for (int64_t k = 0; k < K; ++k)
      for (int64_t p = 0; p < P; ++p)
        for (int64_t q = 0; q < Q; ++q) {
          const int64_t first_channel = k / (K / options.groups) * C;  // of this output channel's group
          double sum = bias.defined() ? bias.data<float>()[k] : 0.0;
          for (int64_t c = 0; c < C; ++c)
            for (int64_t r = 0; r < R; ++r)
              for (int64_t s = 0; s < S; ++s) {
                const int64_t h = p * options.stride.h - options.padding.h + r * options.dilation.h,
                              w = q * options.stride.w - options.padding.w + s * options.dilation.w;
                if (h < 0 || h >= H || w < 0 || w >= W) continue;  // padding contributes zero
                sum += static_cast<double>(px[((n * x.size(1) + first_channel + c) * H + h) * W + w]) *
                       pw[((k * C + c) * R + r) * S + s];
              }
          *py++ = static_cast<float>(sum);
        }
  return y;
}

}  // namespace octet::ops::reference
