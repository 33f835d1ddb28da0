// Each rule as PyTorch's engine computes it, one rounding to float32 after the other.
#include "quant/explain/rounding.h"

#include <algorithm>
#include <cmath>

#include "quant/explain/operand.h"

namespace octet::quant {

using ops::int8::CodeRange;
using ops::int8::LayerRule;
using ops::int8::QParams;
using ops::int8::QuantizedLayer;

namespace {

/// rne(b * (1/(sx*sw))), at the ends of int32 where it lies beyond.
int32_t rounded_bias(float b, float steps) {
  const double rounded = std::nearbyint(static_cast<double>(b * (1.0f / steps)));
  if (rounded >= 0x1p63) return INT32_MIN;  // as PyTorch, through an int64
  return static_cast<int32_t>(std::clamp(rounded, -0x1p31, 0x1p31 - 1));
}

int32_t wrapping_sum(int32_t a, int32_t b) { return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); }

/// A rule that scales the sum once: steps of the output.
float scaled_once(int32_t acc, const QuantizedLayer& layer, float b, float sw, bool one_scale, const Story& story) {
  const float sx = layer.input.scale, sy = layer.output.scale, sum = static_cast<float>(acc);
  const float biased = one_scale ? std::fma(b, 1.0f / (sx * sw), sum) : sum + b / (sx * sw);
  const float multiplier = (sx * sw) / sy, v = biased * multiplier;
  if (story.is_told()) {
    if (one_scale)
      story.say("bias: fma(b, 1/(sx*sw), acc) = fma(", Shown{b}, ", ", Shown{1.0f / (sx * sw)}, ", ", acc, ") = ", Shown{biased});
    else
      story.say("bias: acc + b/(sx*sw) = ", acc, " + ", Shown{b / (sx * sw)}, " = ", Shown{biased});
    story.say("multiplier: (sx*sw)/sy = ", Shown{multiplier});
    story.say("in steps of sy: ", Shown{biased}, " * ", Shown{multiplier}, " = ", Shown{v});
  }
  return v;
}

float with_integer_bias(int32_t acc, const QuantizedLayer& layer, float b, float sw, const Story& story) {
  const float sx = layer.input.scale, sy = layer.output.scale;
  const int32_t bias = rounded_bias(b, sx * sw), sum = wrapping_sum(acc, bias);
  const float multiplier = (sw * sx) * (1.0f / sy), v = static_cast<float>(sum) * multiplier;
  if (story.is_told()) {
    story.say("bias: rne(b * (1/(sx*sw))) = rne(", Shown{b * (1.0f / (sx * sw))}, ") = ", bias, ";  acc + bias = ", sum);
    story.say("multiplier: (sw*sx) * (1/sy) = ", Shown{multiplier});
    story.say("in steps of sy: ", sum, " * ", Shown{multiplier}, " = ", Shown{v});
  }
  return v;
}

/// oneDNN's rules: the zero point is added before the number is rounded.
float in_reals(int32_t acc, const QuantizedLayer& layer, float b, float factor, const Story& story) {
  const float input = 1.0f / (1.0f / layer.input.scale), inverse = 1.0f / layer.output.scale;
  const float real = static_cast<float>(acc) * input * factor + b;
  const float v = real * inverse + static_cast<float>(layer.output.zero_point);
  if (story.is_told()) {
    story.say("as a real number: acc * (1/(1/sx)) * sw + b = ", acc, " * ", Shown{input}, " * ", Shown{factor}, " + ", Shown{b},
              " = ", Shown{real});
    story.say("in steps of sy, from code 0: ", Shown{real}, " * (1/sy) + zy = ", Shown{real}, " * ", Shown{inverse}, " + ",
              layer.output.zero_point, " = ", Shown{v});
  }
  return v;
}

}  // namespace

int32_t code_of_steps(float v, int32_t zero_point, CodeRange range, const Story& story) {
  if (std::isnan(v)) {
    story.say("NaN becomes the largest code, ", range.qmax);
    return range.qmax;
  }
  const double rounded = std::nearbyint(static_cast<double>(v)), code = rounded + zero_point;
  const auto clamped = static_cast<int32_t>(std::clamp(code, static_cast<double>(range.qmin), static_cast<double>(range.qmax)));
  if (story.is_told()) {
    const std::string moved = zero_point == 0 ? "" : str(", + zero point ", zero_point, " = ", code);
    story.say("rounded half to even: rne(", Shown{v}, ") = ", rounded, moved);
    story.say("clamped to ", range.qmin, "..", range.qmax, ": ", clamped);
  }
  return clamped;
}

int32_t code_of_real(float x, QParams to, const Story& story) {
  const float inverse = 1.0f / to.scale, v = x * inverse;
  if (story.is_told()) story.say("in steps of the scale: ", Shown{x}, " * (1/", Shown{to.scale}, ") = ", Shown{v});
  return code_of_steps(v, to.zero_point, {0, 255}, story);
}

int32_t code_of_sum(int32_t acc, const QuantizedLayer& layer, LayerRule rule, int64_t k, int64_t channels, const Story& story) {
  const float sw = ops::int8::scale_of(layer.weight_scale, k), b = layer.bias.defined() ? layer.bias.data<float>()[k] : 0.0f;
  const int32_t zy = layer.output.zero_point;
  const CodeRange range{layer.relu ? zy : 0, 255};
  if (story.is_told())
    story.say("sx = ", Shown{layer.input.scale}, ", sw = ", Shown{sw}, ", b = ", Shown{b}, ", sy = ", Shown{layer.output.scale},
              ", zy = ", zy, layer.relu ? ", relu: no code below zy" : "");
  switch (rule) {
    case LayerRule::int32_bias:
      return code_of_steps(with_integer_bias(acc, layer, b, sw, story), zy, range, story);
    case LayerRule::float_bias:
      return code_of_steps(scaled_once(acc, layer, b, sw, layer.weight_scale.size() == 1 && channels > 1, story), zy, range,
                           story);
    case LayerRule::real:
      return code_of_steps(in_reals(acc, layer, b, sw, story), 0, range, story);
    case LayerRule::real_sw_twice:
      return code_of_steps(in_reals(acc, layer, b, 1.0f / (1.0f / sw), story), 0, range, story);
  }
  fail("no rule has the number ", static_cast<int>(rule));
}

}  // namespace octet::quant
