// Functions of one value: clamps of codes, which keep the scale, and others, which octet computes once for each of the 256 codes. Softmax
// of all channels.
#include <algorithm>
#include <cmath>

#include "nn/graph/ops.h"
#include "quant/explain/definitions.h"
#include "quant/explain/rounding.h"

namespace octet::quant {
namespace {

using ops::Activation;
using ops::int8::QParams;
using ops::int8::TableRule;

/// min(max(q, low), high), which are codes.
int32_t clamped(const Call& call, int32_t low, int32_t high, const char* what, const Story& story) {
  const int32_t code = call.in[0].code(call.at), result = std::min(std::max(code, low), high);
  if (story.is_told())
    story.say("code ", code, " of ", call.in[0].name(), ", clamped to ", low, "..", high, " (", what, "): ", result,
              "; the scale stays");
  return result;
}

/// y = rne(f((q - zx) * sx) * (1/sy)) + zy; by the other rule zy is added before it is rounded.   (ops/int8/elementwise.h)
int32_t mapped(const Call& call, const char* name, auto&& f, QParams x, QParams y, const Story& story,
               TableRule rule = TableRule::after_rounding) {
  const int32_t code = call.in[0].code(call.at);
  const float real = static_cast<float>(code - x.zero_point) * x.scale, value = f(real);
  if (story.is_told()) {
    story.say("code ", code, " of ", call.in[0].name(), " stands for (", code, " - ", x.zero_point, ") * ", Shown{x.scale}, " = ",
              Shown{real});
    story.say(name, "(", Shown{real}, ") = ", Shown{value});
  }
  if (rule == TableRule::after_rounding) return code_of_real(value, y, story);
  const float v = value * (1.0f / y.scale) + static_cast<float>(y.zero_point);
  if (story.is_told())
    story.say("in steps of the scale, from code 0: ", Shown{value}, " * (1/", Shown{y.scale}, ") + ", y.zero_point, " = ",
              Shown{v});
  return code_of_steps(v, 0, {0, 255}, story);
}

int32_t activated(const Call& call, Activation activation, QParams x, QParams y, const Story& story,
                  TableRule rule = TableRule::after_rounding) {
  return ops::with(activation, [&](auto f) {
    return mapped(
        call, ops::name_of(activation), [f](float v) { return f.value(v); }, x, y, story, rule);
  });
}

}  // namespace

int32_t code_of(const nn::op::QuantizedRelu& o, const Call& call, const Story& story) {
  return clamped(call, o.zero_point, 255, "from the code of 0 on", story);
}
int32_t code_of(const nn::op::QuantizedRelu6& o, const Call& call, const Story& story) {
  return clamped(call, o.zero_point, o.six, "the codes of 0 and 6", story);
}
int32_t code_of(const nn::op::QuantizedHardtanh& o, const Call& call, const Story& story) {
  return clamped(call, o.low_code, o.high_code, "the codes of min_val and max_val", story);
}
int32_t code_of(const nn::op::QuantizedSigmoid& o, const Call& call, const Story& story) {
  return activated(call, Activation::sigmoid, o.input, nn::op::kSigmoidQParams, story);
}
int32_t code_of(const nn::op::QuantizedTanh& o, const Call& call, const Story& story) {
  return activated(call, Activation::tanh, o.input, nn::op::kTanhQParams, story);
}
int32_t code_of(const nn::op::QuantizedHardsigmoid& o, const Call& call, const Story& story) {
  return activated(call, Activation::hardsigmoid, o.input, o.kInfo.fixed, story);
}
int32_t code_of(const nn::op::QuantizedHardswish& o, const Call& call, const Story& story) {
  return activated(call, Activation::hardswish, o.input, o.qparams, story, ops::int8::rules_of(o.engine).hardswish);
}
int32_t code_of(const nn::op::QuantizedLeakyRelu& o, const Call& call, const Story& story) {
  return activated(call, {Activation::leaky_relu, o.negative_slope}, o.input, o.qparams, story);
}
int32_t code_of(const nn::op::QuantizedActivation& o, const Call& call, const Story& story) {
  return activated(call, o.function, o.input, o.qparams, story);
}
/// PyTorch rounds the exponential to float32 before it takes 1 off: x > 0 ? x : (float(exp(x)) - 1) * alpha.
int32_t code_of(const nn::op::QuantizedElu& o, const Call& call, const Story& story) {
  const auto elu = [&](float x) {
    return x > 0.0f ? x : (static_cast<float>(std::exp(static_cast<double>(x))) - 1.0f) * o.alpha;
  };
  return mapped(call, "elu", elu, o.input, o.qparams, story);
}

/// Over all channels of a pixel, q the codes, with d = largest code - q:
///   whole numbers (qnnpack)   t(d) = rne(min((2^32 - 1)/C, 2^23 - 1) * exp(-d*sx)),  y = min(floor((256*t + floor(S/2)) / S), 255), S the sum of t
///   reals                     y = rne(exp(x - max) / sum of exp(x - max) * 256)
/// The scale is 1/256, the zero point 0.   (ops/softmax.h)
int32_t code_of(const nn::op::QuantizedSoftmax& o, const Call& call, const Story& story) {
  const Operand& x = call.in[0];
  const int64_t C = x.channels();
  const auto code = [&](int64_t c) { return x.code({call.at.n, c, call.at.h, call.at.w}); };
  int32_t largest = 0;
  for (int64_t c = 0; c < C; ++c) largest = std::max(largest, code(c));
  if (ops::int8::rules_of(o.engine).softmax == ops::int8::SoftmaxRule::of_whole_numbers) {
    const double most = std::min(4294967295.0 / static_cast<double>(C), 8388607.0);
    const auto t = [&](int32_t q) {
      return static_cast<uint64_t>(
          std::nearbyint(most * std::exp(-static_cast<double>(largest - q) * static_cast<double>(o.input.scale))));
    };
    uint64_t sum = 0;
    for (int64_t c = 0; c < C; ++c) sum += t(code(c));
    const uint64_t own = t(code(call.at.c)), result = std::min<uint64_t>((256 * own + sum / 2) / sum, 255);
    story.say("code ", code(call.at.c), ", the largest of ", C, " channels is ", largest, ": t = ", own,
              ", sum of all t = ", sum);
    story.say("(256*t + sum/2) / sum = ", result);
    return static_cast<int32_t>(result);
  }
  const auto real = [&](int32_t q) { return static_cast<float>(q - o.input.zero_point) * o.input.scale; };
  const auto exponential = [&](int32_t q) { return std::exp(static_cast<double>(real(q) - real(largest))); };
  double sum = 0;
  for (int64_t c = 0; c < C; ++c) sum += exponential(code(c));
  const auto share = static_cast<float>(exponential(code(call.at.c)) / sum);
  if (story.is_told())
    story.say("exp(", Shown{real(code(call.at.c))}, " - ", Shown{real(largest)}, ") / ", sum, " = ", Shown{share}, " (sum over ",
              C, " channels)");
  return code_of_real(share, ops::int8::kSoftmaxQParams, story);
}

}  // namespace octet::quant
