// From real values to codes and back, and ops that only move codes.
#include <algorithm>
#include <cmath>

#include "nn/graph/ops.h"
#include "quant/explain/definitions.h"
#include "quant/explain/rounding.h"

namespace octet::quant {
namespace {

int32_t moved(const Operand& x, const Place& from, const Story& story) {
  const int32_t code = x.code(from);
  if (story.is_told())
    story.say("the code of ", x.name(), " at channel ", from.c, ", row ", from.h, ", column ", from.w, ": ", code,
              "; the scale stays");
  return code;
}

}  // namespace

/// q = clamp(rne(x * (1/scale)) + zero_point, 0, 255)
int32_t code_of(const nn::op::Quantize& o, const Call& call, const Story& story) {
  const float x = call.in[0].real(call.at);
  story.say("x = ", Shown{x}, " of ", call.in[0].name());
  return code_of_real(x, o.to, story);
}

/// x = (q - zero_point) * scale
float value_of(const nn::op::Dequantize& o, const Call& call, const Story& story) {
  const int32_t code = call.in[0].code(call.at);
  const float value = static_cast<float>(code - o.from.zero_point) * o.from.scale;
  if (story.is_told())
    story.say("code ", code, " of ", call.in[0].name(), ": (", code, " - ", o.from.zero_point, ") * ", Shown{o.from.scale}, " = ",
              Shown{value});
  return value;
}

/// The code of the part that has this channel; of another scale: rne((q - zx)*sx * (1/sy)) + zy.
int32_t code_of(const nn::op::QuantizedCat& o, const Call& call, const Story& story) {
  Place from = call.at;
  size_t part = 0;
  while (from.c >= call.in[part].channels()) from.c -= call.in[part++].channels();
  const Operand& x = call.in[part];
  const ops::int8::QParams q = o.inputs[part];
  if (q == o.qparams) return moved(x, from, story);
  const int32_t code = x.code(from);
  const float real = static_cast<float>(code - q.zero_point) * q.scale;
  if (story.is_told())
    story.say("code ", code, " of ", x.name(), ", channel ", from.c, ": (", code, " - ", q.zero_point, ") * ", Shown{q.scale},
              " = ", Shown{real});
  return code_of_real(real, o.qparams, story);
}

/// y[c*H*W + h*W + w] = x[c, h, w]
int32_t code_of(const nn::op::QuantizedFlatten&, const Call& call, const Story& story) {
  const Operand& x = call.in[0];
  const int64_t pixels = x.height() * x.width(), pixel = call.at.c % pixels;
  return moved(x, {call.at.n, call.at.c / pixels, pixel / x.width(), pixel % x.width()}, story);
}

/// Channels that are counted through keep their order.
int32_t code_of(const nn::op::QuantizedView&, const Call& call, const Story& story) { return moved(call.in[0], call.at, story); }

/// Dimension j of the result's channels is dimension dims[j] of the input's.
int32_t code_of(const nn::op::QuantizedPermute& o, const Call& call, const Story& story) {
  const Operand& x = call.in[0];
  const Shape& sizes = x.shape();  // [channels..., H, W]
  std::vector<int64_t> index(o.dims.size());
  int64_t rest = call.at.c;
  for (size_t j = o.dims.size(); j-- > 0;) {
    const auto d = static_cast<size_t>(o.dims[j]);
    index[d] = rest % sizes[d];
    rest /= sizes[d];
  }
  Place from = call.at;
  from.c = 0;
  for (size_t d = 0; d < index.size(); ++d) from.c = from.c * sizes[d] + index[d];
  return moved(x, from, story);
}

int32_t code_of(const nn::op::QuantizedContiguous&, const Call& call, const Story& story) {
  return moved(call.in[0], call.at, story);
}
int32_t code_of(const nn::op::QuantizedDropout&, const Call& call, const Story& story) {
  return moved(call.in[0], call.at, story);
}

namespace {

/// The two pixels that a pixel of the result lies between, and how far it is from the first.
struct Between {
  int64_t first, second;
  float weight_of_first, weight_of_second;
};

/// nearest: floor(p * scale). bilinear: h = (p + 0.5) * scale - 0.5, fused and not below 0, or p * scale with align_corners.
Between between(int64_t p, int64_t input, int64_t output, double factor, const ops::InterpolateOptions& o) {
  const bool bilinear = o.mode == ops::InterpolateMode::bilinear;
  const auto at = static_cast<float>(p);
  float scale = factor > 0 ? static_cast<float>(1.0 / factor) : static_cast<float>(input) / static_cast<float>(output);
  if (bilinear && o.align_corners) scale = output > 1 ? static_cast<float>(input - 1) / static_cast<float>(output - 1) : 0.0f;
  if (!bilinear) {
    const int64_t nearest = std::min(static_cast<int64_t>(std::floor(at * scale)), input - 1);
    return {nearest, nearest, 1, 0};
  }
  const float h = o.align_corners ? at * scale : std::max(std::fma(scale, at + 0.5f, -0.5f), 0.0f);
  const int64_t first = std::min(static_cast<int64_t>(h), input - 1);
  const float l = std::clamp(h - static_cast<float>(first), 0.0f, 1.0f);
  return {first, std::min(first + 1, input - 1), 1 - l, l};
}

}  // namespace

/// nearest: the code of the nearest pixel. bilinear: of four codes as floats, columns first, then rows; less the zero point, rounded, plus
/// the zero point. Where PyTorch fuses a product and a sum depends on the channel.   (ops/interpolate.h)
int32_t code_of(const nn::op::QuantizedInterpolate& o, const Call& call, const Story& story) {
  const Operand& x = call.in[0];
  const Place& at = call.at;
  const ops::Size2 size = ops::interpolated_size({x.height(), x.width()}, o.options);
  const Between row = between(at.h, x.height(), size.h, o.options.size.h ? 0 : o.options.factor_h, o.options);
  const Between column = between(at.w, x.width(), size.w, o.options.size.w ? 0 : o.options.factor_w, o.options);
  if (o.options.mode == ops::InterpolateMode::nearest) return moved(x, {at.n, at.c, row.first, column.first}, story);
  const auto code = [&](int64_t h, int64_t w) { return static_cast<float>(x.code({at.n, at.c, h, w})); };
  const float codes[2][2] = {{code(row.first, column.first), code(row.first, column.second)},
                             {code(row.second, column.first), code(row.second, column.second)}};
  const bool in_vectors =
      at.c < x.channels() / 8 * 8;  // the product that is rounded by itself is that of the first, or of the second
  const auto mix = [&](float first, float second, const Between& b) {
    return in_vectors ? std::fma(b.weight_of_second, second, b.weight_of_first * first)
                      : std::fma(b.weight_of_first, first, b.weight_of_second * second);
  };
  const float above = mix(codes[0][0], codes[0][1], column), below = mix(codes[1][0], codes[1][1], column),
              v = mix(above, below, row);
  if (story.is_told()) {
    story.say("rows ", row.first, " and ", row.second, " with weights ", Shown{row.weight_of_first}, " and ",
              Shown{row.weight_of_second}, "; columns ", column.first, " and ", column.second, " with ",
              Shown{column.weight_of_first}, " and ", Shown{column.weight_of_second});
    story.say("codes ", codes[0][0], " ", codes[0][1], " above, ", codes[1][0], " ", codes[1][1], " below: ", Shown{above},
              " above, ", Shown{below}, " below, between them ", Shown{v});
  }
  return code_of_steps(v - static_cast<float>(o.qparams.zero_point), o.qparams.zero_point, {0, 255}, story);
}

}  // namespace octet::quant
