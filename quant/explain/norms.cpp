// Norms of codes: each part of an image gets mean 0 and variance 1, from whole sums of its codes.
#include <algorithm>
#include <cmath>
#include <string>

#include "nn/graph/ops/group_norm.h"
#include "nn/graph/ops/layer_norm.h"
#include "quant/explain/definitions.h"
#include "quant/explain/rounding.h"

namespace octet::quant {
namespace {

/// m = sum q / n,  var = max(sum q^2 / n - m^2, 0),  r = sx / sqrt(var * sx^2 + eps)   (ops/int8/layer_norm.h)
struct Moments {
  int64_t n = 0, sum = 0, squares = 0;

  void add(int32_t code) { ++n, sum += code, squares += int64_t{code} * code; }
  float mean() const { return static_cast<float>(sum) / static_cast<float>(n); }
  float variance() const { return std::max(static_cast<float>(squares) / static_cast<float>(n) - mean() * mean(), 0.0f); }
  /// eps: as it is written, so that 1e-5 is the float64 of these digits.
  float factor(const ops::int8::NormCodes& codes) const {
    const double scale = codes.input.scale, eps = std::stod(str(Shown{codes.eps}));
    return static_cast<float>(scale / std::sqrt(variance() * scale * scale + eps));
  }
  void tell(float r, const Story& story) const {
    if (story.is_told())
      story.say("of ", n, " codes: sum ", sum, ", sum of squares ", squares, ", mean ", Shown{mean()}, ", variance ",
                Shown{variance()}, ";  r = sx / sqrt(variance * sx^2 + eps) = ", Shown{r});
  }
};

float parameter(const nn::Node& node, const char* name, int64_t i, float otherwise) {
  const Tensor t = node.parameter(name);
  return t.defined() ? t.data<float>()[i] : otherwise;
}

}  // namespace

/// y = rne((((q - zx) - (m - zx)) * r * weight + bias) * (1/sy)) + zy, over the last dimensions of [C, H, W], weight and bias of each place.
int32_t code_of(const nn::op::QuantizedLayerNorm& o, const Call& call, const Story& story) {
  const Operand& x = call.in[0];
  const int64_t H = x.height(), W = x.width(), pixels = H * W;
  int64_t n = 1;
  for (const int64_t size : o.normalized_shape) n *= size;
  const int64_t at = call.at.c * pixels + call.at.h * W + call.at.w, first = at / n * n;  // as floats lie: [C, H, W]
  Moments moments;
  for (int64_t i = first; i < first + n; ++i) moments.add(x.code({call.at.n, i / pixels, i / W % H, i % W}));
  const float r = moments.factor(o.codes), zx = static_cast<float>(o.codes.input.zero_point);
  const float steps = static_cast<float>(x.code(call.at)) - zx - (moments.mean() - zx);
  const float weight = parameter(call.node, "weight", at - first, 1), bias = parameter(call.node, "bias", at - first, 0);
  const float value = steps * r * weight + bias;
  moments.tell(r, story);
  if (story.is_told())
    story.say("(code ", x.code(call.at), " - mean) * r * weight + bias = ", Shown{steps}, " * ", Shown{r}, " * ", Shown{weight},
              " + ", Shown{bias}, " = ", Shown{value});
  return code_of_real(value, o.codes.output, story);
}

/// y = rne(fma(q - zx, g, bias - (m - zx) * g) * (1/sy)) + zy, g = r * weight, over all pixels of a channel; weight and bias of each channel.
int32_t code_of(const nn::op::QuantizedInstanceNorm& o, const Call& call, const Story& story) {
  const Operand& x = call.in[0];
  Moments moments;
  for (int64_t h = 0; h < x.height(); ++h)
    for (int64_t w = 0; w < x.width(); ++w) moments.add(x.code({call.at.n, call.at.c, h, w}));
  const float r = moments.factor(o.codes), zx = static_cast<float>(o.codes.input.zero_point);
  const float g = r * parameter(call.node, "weight", call.at.c, 1), steps = static_cast<float>(x.code(call.at)) - zx;
  const float offset = parameter(call.node, "bias", call.at.c, 0) - (moments.mean() - zx) * g;
  const float value = std::fma(steps, g, offset);
  moments.tell(r, story);
  if (story.is_told())
    story.say("g = r * weight = ", Shown{g}, ";  fma(q - zx, g, bias - (mean - zx) * g) = fma(", steps, ", ", Shown{g}, ", ",
              Shown{offset}, ") = ", Shown{value});
  return code_of_real(value, o.codes.output, story);
}

}  // namespace octet::quant
