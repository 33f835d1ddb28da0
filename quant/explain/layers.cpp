// Layers with weights: a sum of products of integers, and its rounding (rounding.h).
#include <iomanip>

#include "nn/graph/ops/conv2d.h"
#include "nn/graph/ops/conv_transpose2d.h"
#include "nn/graph/ops/linear.h"
#include "quant/explain/definitions.h"
#include "quant/explain/rounding.h"

namespace octet::quant {
namespace {

using nn::op::QuantizedConv2d;
using nn::op::QuantizedConvTranspose2d;
using nn::op::QuantizedLinear;

/// Adds product by product, and tells each.
class Sum {
 public:
  Sum(const Operand& x, const Story& story) : x_(x), zero_point_(x.qparams().zero_point), story_(story) {
    if (!story.is_told()) return;
    story.say("each product: (code - zero point ", zero_point_, ") * weight, codes of ", x.name(), " ", x.shape());
    story.say(columns("c", "row", "column", "code", "code-zx", "weight", "product", "sum"));
  }

  /// at: a place of the input; outside of the image it holds the zero point, which is a real 0.
  void add(const Place& at, int32_t weight) {
    const bool inside = at.h >= 0 && at.h < x_.height() && at.w >= 0 && at.w < x_.width();
    const int32_t code = inside ? x_.code(at) : zero_point_, product = (code - zero_point_) * weight;
    sum_ += product;
    ++count_;
    if (story_.is_told())
      story_.say(columns(at.c, at.h, at.w, code, code - zero_point_, weight, product, sum_), inside ? "" : "  (padding)");
  }

  int32_t result() const {
    story_.say("sum of ", count_, " products: acc = ", sum_);
    return sum_;
  }

 private:
  static std::string columns(const auto&... values) {
    std::ostringstream line;
    ((line << std::setw(9) << values), ...);
    return line.str();
  }

  const Operand& x_;
  int32_t zero_point_;
  const Story& story_;
  int32_t sum_ = 0;
  int64_t count_ = 0;
};

}  // namespace

/// acc = sum over c, r, s of (x[n, c, h, w] - zx) * weight[k, c, r, s],  h = p*stride - padding + r*dilation, w likewise; c in the group of
/// k. (ops/int8/conv2d.h)
int32_t code_of(const QuantizedConv2d& o, const Call& call, const Story& story) {
  const ops::int8::Conv2dParams& p = o.layer->params();
  const int64_t K = p.weight.size(0), C = p.weight.size(1), R = p.weight.size(2), S = p.weight.size(3), k = call.at.c;
  const int64_t h0 = call.at.h * p.options.stride.h - p.options.padding.h,
                w0 = call.at.w * p.options.stride.w - p.options.padding.w;
  const int64_t first = k / (K / p.options.groups) * C;
  if (story.is_told())
    story.say("receptive field: channels ", first, "..", first + C - 1, ", rows ", h0, "..", h0 + (R - 1) * p.options.dilation.h,
              ", columns ", w0, "..", w0 + (S - 1) * p.options.dilation.w);
  const int8_t* weight = p.weight.data<int8_t>() + k * C * R * S;
  Sum sum(call.in[0], story);
  for (int64_t c = 0; c < C; ++c)
    for (int64_t r = 0; r < R; ++r)
      for (int64_t s = 0; s < S; ++s)
        sum.add({call.at.n, first + c, h0 + r * p.options.dilation.h, w0 + s * p.options.dilation.w}, *weight++);
  return code_of_sum(sum.result(), p, ops::int8::conv2d_rule(p.engine, p.options.groups), k, K, story);
}

/// acc = sum over c, r, s of (x[n, c, h, w] - zx) * weight[c, k, r, s] over all h, w with p = h*stride - padding + r*dilation, q likewise; c
/// in the group of k. (ops/conv/conv_transpose2d.h)
int32_t code_of(const QuantizedConvTranspose2d& o, const Call& call, const Story& story) {
  const ops::int8::ConvTranspose2dParams& p = o.layer->params();
  const ops::ConvTranspose2dOptions& options = p.options;
  const Operand& x = call.in[0];
  const int64_t C = p.weight.size(0) / options.groups, K = p.weight.size(1), R = p.weight.size(2), S = p.weight.size(3);
  const int64_t group = call.at.c / K, k = call.at.c % K;
  story.say("each pixel h, w of the input adds its weights to the pixels from h*stride - padding on; those that reach this one:");
  Sum sum(x, story);
  for (int64_t c = group * C; c < (group + 1) * C; ++c)
    for (int64_t r = 0; r < R; ++r)
      for (int64_t s = 0; s < S; ++s) {
        const int64_t h = call.at.h + options.padding.h - r * options.dilation.h,
                      w = call.at.w + options.padding.w - s * options.dilation.w;
        const bool reaches = h >= 0 && w >= 0 && h % options.stride.h == 0 && w % options.stride.w == 0;
        const Place from{call.at.n, c, h / options.stride.h, w / options.stride.w};
        if (reaches && from.h < x.height() && from.w < x.width())
          sum.add(from, p.weight.data<int8_t>()[((c * K + k) * R + r) * S + s]);
      }
  const ops::int8::Engine engine =
      options.output_padding == ops::Size2(0) ? p.engine : ops::int8::rules_of(p.engine).output_padded;
  return code_of_sum(sum.result(), p, ops::int8::conv2d_rule(engine, options.groups), call.at.c, K * options.groups, story);
}

/// acc = sum over c of (x[n, c] - zx) * weight[k, c]   (ops/int8/linear.h)
int32_t code_of(const QuantizedLinear& o, const Call& call, const Story& story) {
  const ops::int8::LinearParams& p = o.layer->params();
  const int64_t C = p.weight.size(1), k = call.at.c;
  const int8_t* weight = p.weight.data<int8_t>() + k * C;
  Sum sum(call.in[0], story);
  for (int64_t c = 0; c < C; ++c) sum.add({call.at.n, c}, weight[c]);
  return code_of_sum(sum.result(), p, ops::int8::rules_of(p.engine).linear, k, p.weight.size(0), story);
}

}  // namespace octet::quant
