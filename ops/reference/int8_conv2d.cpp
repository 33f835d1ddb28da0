#include "ops/reference/int8_conv2d.h"

#include <algorithm>
#include <cmath>

namespace octet::ops::reference {

Tensor int8_conv2d_accumulators(const Tensor& x, const int8::Conv2dParams& p) {
  const int64_t N = x.size(0), H = x.size(1), W = x.size(2), channels = x.size(3);
  const int64_t K = p.weight.size(0), C = p.weight.size(1), R = p.weight.size(2), S = p.weight.size(3);
  const Conv2dOptions& o = p.options;
  const int64_t P = output_size(H, R, o.stride.h, o.padding.h), Q = output_size(W, S, o.stride.w, o.padding.w);
  Tensor acc({N, P, Q, K}, DType::i32);
  int32_t* out = acc.data<int32_t>();
  for (int64_t n = 0; n < N; ++n)
    for (int64_t py = 0; py < P; ++py)
      for (int64_t qx = 0; qx < Q; ++qx)
        for (int64_t k = 0; k < K; ++k) {
          const int64_t first_channel = k / (K / o.groups) * C;
          int32_t sum = 0;
          for (int64_t r = 0; r < R; ++r)
            for (int64_t s = 0; s < S; ++s) {
              const int64_t h = py * o.stride.h - o.padding.h + r, w = qx * o.stride.w - o.padding.w + s;
              if (h < 0 || h >= H || w < 0 || w >= W) continue;  // the padded code is zx: (zx - zx) * weight = 0
              for (int64_t c = 0; c < C; ++c)
                sum += (x.data<uint8_t>()[((n * H + h) * W + w) * channels + first_channel + c] - p.input.zero_point) *
                       p.weight.data<int8_t>()[((k * C + c) * R + r) * S + s];
            }
          *out++ = sum;
        }
  return acc;
}

Tensor int8_conv2d(const Tensor& x, const int8::Conv2dParams& p) {
  const Tensor acc = int8_conv2d_accumulators(x, p);
  const int64_t K = acc.size(3);
  Tensor y(acc.shape(), DType::quint8);
  for (int64_t i = 0; i < acc.numel(); ++i) {
    const int64_t k = i % K;
    const float sw = int8::scale_of(p.weight_scale, k), sx = p.input.scale, sy = p.output.scale;
    const float b = p.bias.defined() ? p.bias.data<float>()[k] : 0.0f;
    float v;
    if (p.engine == int8::Engine::qnnpack) {
      const double rounded = std::nearbyint(b * (1.0f / (sx * sw)));
      const auto b32 = rounded >= 0x1p63 ? INT32_MIN : static_cast<int32_t>(std::clamp(rounded, -0x1p31, 0x1p31 - 1));
      const auto sum = static_cast<int32_t>(int64_t{acc.data<int32_t>()[i]} + b32);  // modulo 2^32
      v = static_cast<float>(sum) * ((sw * sx) * (1.0f / sy));
    } else {
      const float a = sx * sw, sum = static_cast<float>(acc.data<int32_t>()[i]);
      const bool one_scale = p.weight_scale.size() == 1 && K > 1;
      v = (one_scale ? std::fma(b, 1.0f / a, sum) : sum + b / a) * (a / sy);
    }
    const double code = std::nearbyint(static_cast<double>(v)) + p.output.zero_point;
    y.data<uint8_t>()[i] = static_cast<uint8_t>(std::clamp<double>(code, p.relu ? p.output.zero_point : 0, 255));
  }
  return y;
}

}  // namespace octet::ops::reference
