#include "ops/int8/conv_transpose2d.h"

#include <cstring>

#include "ops/conv/conv_transpose2d.h"
#include "ops/cuda/gather.h"
#include "ops/support/phases.h"

namespace octet::ops::int8 {
namespace {

Phases2 phases_of(const ConvTranspose2dParams& p) {
  const ConvTranspose2dOptions& o = p.options;
  return {{(p.weight.size(2) - 1) * o.dilation.h + 1, o.stride.h, o.padding.h, o.output_padding.h},
          {(p.weight.size(3) - 1) * o.dilation.w + 1, o.stride.w, o.padding.w, o.output_padding.w}};
}

ConvTranspose2dParams checked(ConvTranspose2dParams p) {
  const Tensor& w = p.weight;
  const ConvTranspose2dOptions& o = p.options;
  OCTET_CHECK(w.dim() == 4 && w.numel() > 0 && w.dtype() == DType::qint8,
              "int8 conv_transpose2d: expected weight qint8 [C, K/G, R, S], got ", w.dtype(), " ", w.shape());
  OCTET_CHECK(o.groups > 0 && w.size(0) % o.groups == 0, "int8 conv_transpose2d: ", w.size(0), " channels in ", o.groups,
              " groups");
  OCTET_CHECK(p.weight_scale.size() == 1, "int8 conv_transpose2d: ", p.weight_scale.size(),
              " scales of its weight, expected one for all of it");
  OCTET_CHECK(!p.relu, "int8 conv_transpose2d: a relu behind it is a call of its own");
  const int64_t K = w.size(1) * o.groups;
  OCTET_CHECK(!p.bias.defined() || p.bias.shape() == Shape{K}, "int8 conv_transpose2d: bias ", p.bias.shape(), " for ", K,
              " output channels");
  conv_transpose2d_shape({1, w.size(0), kLargestWindow, kLargestWindow}, w.shape(), o);  // whatever the image, checks the options
  constexpr int64_t kLargestDilated = 1024;
  const int64_t height = (w.size(2) - 1) * o.dilation.h + 1, width = (w.size(3) - 1) * o.dilation.w + 1;
  OCTET_CHECK(std::max(height, width) <= kLargestDilated, "int8 conv_transpose2d: dilation ", o.dilation, " makes a kernel of ",
              Size2(height, width), ", expected at most ", kLargestDilated, " on a side");
  constexpr int64_t kFewPhases = 8;  // beyond, phases without a tap would make weights of zeros without end
  OCTET_CHECK(o.stride.h <= std::max(kFewPhases, w.size(2)) && o.stride.w <= std::max(kFewPhases, w.size(3)),
              "int8 conv_transpose2d: stride ", o.stride, " of a kernel of ", Size2(w.size(2), w.size(3)), ", expected at most ",
              kFewPhases, " or the kernel's size");
  return p;
}

/// [C, K/G, R, S] -> [G * phases * K/G, C/G, taps, taps].
Tensor weights_of_phases(const ConvTranspose2dParams& p, const Phases2& phases) {
  const Tensor& w = p.weight;
  const Size2 d = p.options.dilation;
  const int64_t G = p.options.groups, C = w.size(0) / G, K = w.size(1), R = w.size(2), S = w.size(3);
  Tensor made = Tensor::zeros({G * phases.count() * K, C, phases.h.taps, phases.w.taps}, DType::qint8);
  int8_t* to = made.data<int8_t>();
  for (int64_t g = 0; g < G; ++g)
    for (int64_t f = 0; f < phases.count(); ++f)
      for (int64_t k = 0; k < K; ++k)
        for (int64_t c = 0; c < C; ++c)
          for (int64_t u = 0; u < phases.h.taps; ++u)
            for (int64_t v = 0; v < phases.w.taps; ++v, ++to) {
              const int64_t r = phases.h.tap(f / phases.w.stride, u), s = phases.w.tap(f % phases.w.stride, v);
              if (r % d.h == 0 && r / d.h < R && s % d.w == 0 && s / d.w < S)
                *to = w.data<int8_t>()[(((g * C + c) * K + k) * R + r / d.h) * S + s / d.w];
            }
  return made;
}

/// [K] -> [G * phases * K/G].
Tensor bias_of_phases(const ConvTranspose2dParams& p, const Phases2& phases) {
  if (!p.bias.defined()) return {};
  const int64_t G = p.options.groups, K = p.weight.size(1);
  Tensor made({G * phases.count() * K});
  for (int64_t g = 0; g < G; ++g)
    for (int64_t f = 0; f < phases.count(); ++f)
      std::copy_n(p.bias.data<float>() + g * K, K, made.data<float>() + (g * phases.count() + f) * K);
  return made;
}

Conv2dParams as_convolution(const ConvTranspose2dParams& p) {
  const Phases2 phases = phases_of(p);
  Conv2dParams conv;
  conv.weight = weights_of_phases(p, phases);
  conv.weight_scale = p.weight_scale;
  if (p.weight.size(1) * p.options.groups == 1)  // a rule may ask whether a scale is that of one channel
    conv.weight_scale.assign(static_cast<size_t>(conv.weight.size(0)), p.weight_scale[0]);
  conv.bias = bias_of_phases(p, phases);
  conv.engine = p.options.output_padding == Size2(0) ? p.engine : rules_of(p.engine).output_padded;
  conv.input = p.input, conv.output = p.output;
  conv.options = {.padding = {phases.h.padding_of_convolution(), phases.w.padding_of_convolution()}, .groups = p.options.groups};
  return conv;
}

}  // namespace

ConvTranspose2d::ConvTranspose2d(ConvTranspose2dParams params)
    : params_(checked(std::move(params))), phases_(as_convolution(params_)) {}

std::vector<int32_t> ConvTranspose2d::bias_i32() const {
  const int64_t K = params_.weight.size(1), phases = phases_of(params_).count();
  std::vector<int32_t> bias;
  for (int64_t k = 0; k < K * params_.options.groups; ++k)
    bias.push_back(requantization().bias_i32.at(static_cast<size_t>(k / K * phases * K + k % K)));
  return bias;
}

Tensor ConvTranspose2d::operator()(const Tensor& x) const {
  OCTET_CHECK(x.dim() == 4 && x.dtype() == DType::quint8, "int8 conv_transpose2d: expected input quint8 [N, H, W, C], got ",
              x.dtype(), " ", x.shape());
  const Shape s = conv_transpose2d_shape({x.size(0), x.size(3), x.size(1), x.size(2)}, params_.weight.shape(), params_.options);
  const int64_t P = s[2], Q = s[3], K = s[1], G = params_.options.groups, group = K / G;
  Tensor y({s[0], P, Q, K}, DType::quint8, x.device());
  if (y.numel() == 0) return y;
  const Tensor made = phases_(x);  // [N, rows, cols, G * phases * K/G]
  const Phases2 phases = phases_of(params_);
  if (x.on_cuda()) return cuda::join_phases(made, phases, G, y), y;
  const int64_t rows = made.size(1), cols = made.size(2), pixel = made.size(3);
  const uint8_t* from = made.data<uint8_t>();
  uint8_t* to = y.data<uint8_t>();
#pragma omp parallel for
  for (int64_t i = 0; i < s[0] * P; ++i) {
    const int64_t n = i / P, p = i % P;
    const uint8_t* row = from + (n * rows + phases.h.row(p)) * cols * pixel;
    for (int64_t q = 0; q < Q; ++q) {
      const int64_t f = phases.h.of(p) * phases.w.stride + phases.w.of(q);
      for (int64_t g = 0; g < G; ++g)
        std::memcpy(to + (i * Q + q) * K + g * group, row + phases.w.row(q) * pixel + (g * phases.count() + f) * group,
                    static_cast<size_t>(group));
    }
  }
  return y;
}

}  // namespace octet::ops::int8
