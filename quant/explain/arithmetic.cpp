// Ops that compute with the codes of one place: addition, multiplication, batch norm.
#include <algorithm>
#include <cmath>

#include "nn/graph/ops/add.h"
#include "nn/graph/ops/affine.h"
#include "nn/graph/ops/batch_norm.h"
#include "nn/graph/ops/mul.h"
#include "quant/explain/definitions.h"
#include "quant/explain/rounding.h"

namespace octet::quant {
namespace {

using ops::int8::CodeRange;
using ops::int8::QParams;

void tell(const char* letter, const Operand& x, const Place& at, QParams q, const Story& story) {
  if (!story.is_told()) return;
  const int32_t code = x.code(at);
  story.say(letter, " = code ", code, " of ", x.name(), ", scale s", letter, " = ", Shown{q.scale}, ", zero point z", letter,
            " = ", q.zero_point, ": stands for (", code, " - ", q.zero_point, ") * ", Shown{q.scale}, " = ",
            Shown{static_cast<float>(code - q.zero_point) * q.scale});
}

/// qnnpack: A = sa/sy, B = sb/sy, shift = 21 - floor(log2(max(A, B))), ma = rne(A * 2^shift), mb likewise;
/// y = round_half_away(((a - za)*ma + (b - zb)*mb) / 2^shift) + zy   (ops/int8/add.h)
int32_t sum_by_fixed_point(int32_t a, int32_t b, const ops::int8::AddParams& p, CodeRange range, const Story& story) {
  const float A = p.a.scale / p.output.scale, B = p.b.scale / p.output.scale;
  const int shift = 21 - std::ilogb(std::max(A, B));
  const auto ma = static_cast<int64_t>(std::nearbyint(std::ldexp(A, shift))),
             mb = static_cast<int64_t>(std::nearbyint(std::ldexp(B, shift)));
  const int64_t sum = (a - p.a.zero_point) * ma + (b - p.b.zero_point) * mb, half = int64_t{1} << (shift - 1);
  const int64_t steps = sum >= 0 ? (sum + half) >> shift : -((-sum + half) >> shift);
  const int64_t code = std::clamp<int64_t>(steps + p.output.zero_point, range.qmin, range.qmax);
  if (story.is_told()) {
    story.say("shift = 21 - floor(log2(max(sa/sy, sb/sy))) = ", shift, ",  ma = rne(sa/sy * 2^shift) = ", ma, ",  mb = ", mb);
    story.say("(a - za)*ma + (b - zb)*mb = ", a - p.a.zero_point, " * ", ma, " + ", b - p.b.zero_point, " * ", mb, " = ", sum);
    story.say("/ 2^", shift, " = ", static_cast<double>(sum) / std::ldexp(1.0, shift), ", rounded half away from zero: ", steps);
    story.say("+ zy = ", steps, " + ", p.output.zero_point, ", clamped to ", range.qmin, "..", range.qmax, ": ", code);
  }
  return static_cast<int32_t>(code);
}

/// fbgemm and oneDNN: y = rne((fma(a, sa, -za*sa) + fma(b, sb, -zb*sb)) * (1/sy)) + zy   (ops/int8/add.h)
int32_t sum_by_reals(int32_t a, int32_t b, const ops::int8::AddParams& p, CodeRange range, const Story& story) {
  const float real_a = std::fma(static_cast<float>(a), p.a.scale, p.a.scale * static_cast<float>(-p.a.zero_point));
  const float real_b = std::fma(static_cast<float>(b), p.b.scale, p.b.scale * static_cast<float>(-p.b.zero_point));
  const float v = (real_a + real_b) * (1.0f / p.output.scale);
  if (story.is_told())
    story.say("(fma(a, sa, -za*sa) + fma(b, sb, -zb*sb)) * (1/sy) = (", Shown{real_a}, " + ", Shown{real_b}, ") * ",
              Shown{1.0f / p.output.scale}, " = ", Shown{v});
  return code_of_steps(v, p.output.zero_point, range, story);
}

}  // namespace

int32_t code_of(const nn::op::QuantizedAdd& o, const Call& call, const Story& story) {
  const ops::int8::AddParams& p = o.params;
  const CodeRange range{p.relu ? p.output.zero_point : 0, 255};
  tell("a", call.in[0], call.at, p.a, story);
  tell("b", call.in[1], call.at, p.b, story);
  const int32_t a = call.in[0].code(call.at), b = call.in[1].code(call.at);
  switch (ops::int8::rules_of(p.engine).addition) {
    case ops::int8::AdditionRule::fixed_point:
      return sum_by_fixed_point(a, b, p, range, story);
    case ops::int8::AdditionRule::real:
      return sum_by_reals(a, b, p, range, story);
  }
  fail("no engine has the number ", static_cast<int>(p.engine));
}

/// y = rne((a - za)*(b - zb) * (sa*sb*(1/sy))) + zy; one of the two may be a gate, with one value for all pixels.   (ops/int8/multiply.h)
int32_t code_of(const nn::op::QuantizedMul& o, const Call& call, const Story& story) {
  const ops::int8::MultiplyParams& p = o.params;
  const auto place_in = [&](const Operand& x) {
    const auto here = [](int64_t i, int64_t size) { return size == 1 ? 0 : i; };
    return Place{here(call.at.n, x.images()), here(call.at.c, x.channels()), here(call.at.h, x.height()),
                 here(call.at.w, x.width())};
  };
  const Place at_a = place_in(call.in[0]), at_b = place_in(call.in[1]);
  tell("a", call.in[0], at_a, p.a, story);
  tell("b", call.in[1], at_b, p.b, story);
  const int32_t product = (call.in[0].code(at_a) - p.a.zero_point) * (call.in[1].code(at_b) - p.b.zero_point);
  const float factor = p.a.scale * p.b.scale * (1.0f / p.output.scale), v = static_cast<float>(product) * factor;
  if (story.is_told())
    story.say("(a - za) * (b - zb) * (sa*sb*(1/sy)) = ", product, " * ", Shown{factor}, " = ", Shown{v},
              " steps of sy = ", Shown{p.output.scale});
  return code_of_steps(v, p.output.zero_point, {p.relu ? p.output.zero_point : 0, 255}, story);
}

/// x * c: the codes stay for c > 0, become 255 - q for c < 0 and 0 for c = 0. x + c, with n = rne(c / sx): the codes stay where z - n is a
/// code; else y = rne((q - (z - n)) * (sx * (1/sy))) + zy.   (ops/int8/scalar.h says which scale and zero point the result has)
int32_t code_of(const nn::op::QuantizedAffine& o, const Call& call, const Story& story) {
  const QParams y = o.output();
  const int32_t code = call.in[0].code(call.at), lowest = o.relu ? y.zero_point : 0;
  tell("x", call.in[0], call.at, o.input, story);
  if (story.is_told())
    story.say(o.multiplies ? "times " : "plus ", o.number, "; the result has scale ", Shown{y.scale}, ", zero point ",
              y.zero_point);
  if (o.multiplies) {
    const int32_t product = o.number > 0 ? code : o.number < 0 ? 255 - code : 0;
    story.say("code: ", product, o.relu ? ", at least the zero point" : "");
    return std::max(product, lowest);
  }
  const auto zero = static_cast<int32_t>(o.input.zero_point - static_cast<int64_t>(std::nearbyint(o.number / o.input.scale)));
  story.say("zx - rne(c / sx) = ", zero);
  if (zero >= 0 && zero <= 255) {
    story.say("it is a code, and so the zero point of the result: code ", code, " stays");
    return std::max(code, lowest);
  }
  const float factor = o.input.scale * (1.0f / y.scale), v = static_cast<float>(code - zero) * factor;
  if (story.is_told())
    story.say("in steps of sy: (", code, " - ", zero, ") * (sx * (1/sy)) = ", code - zero, " * ", Shown{factor}, " = ", Shown{v});
  return std::max(code_of_steps(v, y.zero_point, {0, 255}, story), lowest);
}

/// r = 1/sqrt(running_var + eps),  a = (r*weight) * (sx/sy),  b = (bias - (running_mean*r)*weight) / sy,
/// y = rne(fma(q - zx, a, b)) + zy   (ops/int8/batch_norm.h says which of it is float64)
int32_t code_of(const nn::op::QuantizedBatchNorm& o, const Call& call, const Story& story) {
  const auto parameter = [&](const char* name) { return call.node.parameter(name).data<float>()[call.at.c]; };
  const float r = 1.0f / std::sqrt(parameter("running_var") + o.eps), weight = parameter("weight");
  const float shift = parameter("bias") - parameter("running_mean") * r * weight;
  const QParams x = o.codes.input, y = o.codes.output;
  const auto a = static_cast<float>(double{r * weight} * (double{x.scale} / y.scale)),
             b = static_cast<float>(shift / double{y.scale});
  const int32_t code = call.in[0].code(call.at);
  const float v = std::fma(static_cast<float>(code - x.zero_point), a, b);
  tell("x", call.in[0], call.at, x, story);
  if (story.is_told()) {
    story.say("r = 1/sqrt(running_var + eps) = ", Shown{r}, ",  a = r*weight * sx/sy = ", Shown{a},
              ",  b = (bias - running_mean*r*weight)/sy = ", Shown{b});
    story.say("in steps of sy: fma(x - zx, a, b) = fma(", code - x.zero_point, ", ", Shown{a}, ", ", Shown{b}, ") = ", Shown{v});
  }
  return code_of_steps(v, y.zero_point, {o.codes.relu ? y.zero_point : 0, 255}, story);
}

}  // namespace octet::quant
