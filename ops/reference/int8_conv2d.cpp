#include "ops/reference/int8_conv2d.h"

#include <algorithm>
#include <cmath>

namespace octet::ops::reference {

Tensor int8_conv2d_accumulators(const Tensor& x, const int8::Conv2dParams& p) {
  const int64_t N = x.size(0), H = x.size(1), W = x.size(2), channels = x.size(3);
  const int64_t K = p.weight.size(0), C = p.weight.size(1), R = p.weight.size(2), S = p.weight.size(3);
  const Conv2dOptions& o = p.options;
  const int64_t P = output_size(H, (R - 1) * o.dilation.h + 1, o.stride.h, o.padding.h),
                Q = output_size(W, (S - 1) * o.dilation.w + 1, o.stride.w, o.padding.w);
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
              const int64_t h = py * o.stride.h - o.padding.h + r * o.dilation.h,
                            w = qx * o.stride.w - o.padding.w + s * o.dilation.w;
              if (h < 0 || h >= H || w < 0 || w >= W) continue;  // the padded code is zx: (zx - zx) * weight = 0
              for (int64_t c = 0; c < C; ++c)
                sum += (x.data<uint8_t>()[((n * H + h) * W + w) * channels + first_channel + c] - p.input.zero_point) *
                       p.weight.data<int8_t>()[((k * C + c) * R + r) * S + s];
            }
          *out++ = sum;
        }
  return acc;
}

namespace {

/// clamp(rne(v) + z, low, 255)
uint8_t code_of(float v, int32_t z, int32_t low) {
  return static_cast<uint8_t>(std::clamp<double>(std::nearbyint(static_cast<double>(v)) + z, low, 255));
}

uint8_t by_int32_bias(int32_t acc, float sw, float b, const int8::QuantizedLayer& p) {
  const float sx = p.input.scale, sy = p.output.scale;
  const double rounded = std::nearbyint(b * (1.0f / (sx * sw)));
  const auto b32 = rounded >= 0x1p63 ? INT32_MIN : static_cast<int32_t>(std::clamp(rounded, -0x1p31, 0x1p31 - 1));
  const auto sum = static_cast<int32_t>(int64_t{acc} + b32);  // modulo 2^32
  return code_of(static_cast<float>(sum) * ((sw * sx) * (1.0f / sy)), p.output.zero_point, p.relu ? p.output.zero_point : 0);
}

uint8_t by_float_bias(int32_t acc, float sw, float b, const int8::QuantizedLayer& p) {
  const float a = p.input.scale * sw, sum = static_cast<float>(acc);
  const bool one_scale = p.weight_scale.size() == 1 && p.weight.size(0) > 1;
  const float v = (one_scale ? std::fma(b, 1.0f / a, sum) : sum + b / a) * (a / p.output.scale);
  return code_of(v, p.output.zero_point, p.relu ? p.output.zero_point : 0);
}

/// oneDNN's: a real number, relu there, and the zero point added before it is rounded.
uint8_t by_reals(int32_t acc, float sw, float b, const int8::QuantizedLayer& p) {
  const float sx = 1.0f / (1.0f / p.input.scale), inverse_sy = 1.0f / p.output.scale;
  float real = static_cast<float>(acc) * sx;
  real = real * sw;
  real = real + b;
  if (p.relu) real = std::max(real, 0.0f);
  real = real * inverse_sy;
  return code_of(real + static_cast<float>(p.output.zero_point), 0, 0);
}

uint8_t code(int32_t acc, int64_t k, const int8::QuantizedLayer& p, int8::LayerRule rule) {
  const float sw = int8::scale_of(p.weight_scale, k), b = p.bias.defined() ? p.bias.data<float>()[k] : 0.0f;
  switch (rule) {
    case int8::LayerRule::int32_bias:
      return by_int32_bias(acc, sw, b, p);
    case int8::LayerRule::float_bias:
      return by_float_bias(acc, sw, b, p);
    case int8::LayerRule::real:
      return by_reals(acc, sw, b, p);
    case int8::LayerRule::real_sw_twice:
      return by_reals(acc, 1.0f / (1.0f / sw), b, p);
  }
  fail("no rule has the number ", static_cast<int>(rule));
}

/// acc [..., K]
Tensor codes(const Tensor& acc, const int8::QuantizedLayer& p, int8::LayerRule rule) {
  const int64_t K = p.weight.size(0);
  Tensor y(acc.shape(), DType::quint8);
  for (int64_t i = 0; i < acc.numel(); ++i) y.data<uint8_t>()[i] = code(acc.data<int32_t>()[i], i % K, p, rule);
  return y;
}

}  // namespace

Tensor int8_conv2d(const Tensor& x, const int8::Conv2dParams& p) {
  return codes(int8_conv2d_accumulators(x, p), p, int8::conv2d_rule(p.engine, p.options.groups));
}

Tensor int8_linear(const Tensor& x, const int8::LinearParams& p) {
  const int64_t N = x.size(0), K = p.weight.size(0), C = p.weight.size(1);
  int8::Conv2dParams pixel{p, {}};
  pixel.weight = p.weight.reshape({K, C, 1, 1});
  return codes(int8_conv2d_accumulators(x.reshape({N, 1, 1, C}), pixel), p, int8::rules_of(p.engine).linear).reshape({N, K});
}

}  // namespace octet::ops::reference
