// Windows of codes: the largest, and averages. Padding is no code of a window; an average may count it all the same.
#include <algorithm>

#include "nn/graph/ops/adaptive_avg_pool2d.h"
#include "nn/graph/ops/avg_pool2d.h"
#include "nn/graph/ops/max_pool2d.h"
#include "nn/graph/ops/mean.h"
#include "ops/support/torch_sum.h"
#include "quant/explain/definitions.h"
#include "quant/explain/rounding.h"

namespace octet::quant {
namespace {

using ops::int8::AverageFactor;
using ops::int8::QParams;

/// Pixels from `begin` on, below `end`, each `step` pixels.
struct Range {
  int64_t begin, end, step = 1;
};

/// Calls visit(place) for each pixel of a window, in order.
void for_window(const Call& call, Range rows, Range columns, auto&& visit) {
  for (int64_t h = rows.begin; h < rows.end; h += rows.step)
    for (int64_t w = columns.begin; w < columns.end; w += columns.step) visit(Place{call.at.n, call.at.c, h, w});
}

void tell_window(const Call& call, Range rows, Range columns, const Story& story) {
  if (!story.is_told()) return;
  const Operand& x = call.in[0];
  story.say("channel ", call.at.c, " of ", x.name(), " ", x.shape(), ": rows ", rows.begin, "..", rows.end - 1, ", columns ",
            columns.begin, "..", columns.end - 1);
  for (int64_t h = rows.begin; h < rows.end; h += rows.step) {
    std::string line = str("  row ", h, ":");
    for (int64_t w = columns.begin; w < columns.end; w += columns.step) line += str(" ", x.code({call.at.n, call.at.c, h, w}));
    story.say(line);
  }
}

/// sum of (q - z) over a window, times a factor, rounded: rne(sum * f) + zy.
/// f = 1/n; s / (s*n) where the engine pools as a layer does; s / (sy*n) where the result has another scale. n: the divisor.
int32_t average(const Call& call, Range rows, Range columns, int64_t n, AverageFactor by, QParams x, QParams y,
                const Story& story) {
  tell_window(call, rows, columns, story);
  int32_t sum = 0, count = 0;
  for_window(call, rows, columns, [&](const Place& at) { sum += call.in[0].code(at) - x.zero_point, ++count; });
  const auto divisor = static_cast<float>(n);
  const bool reciprocal = by == AverageFactor::reciprocal && x.scale == y.scale;
  const float factor = reciprocal ? 1.0f / divisor : x.scale / (y.scale * divisor), v = static_cast<float>(sum) * factor;
  if (story.is_told()) {
    story.say("sum of code - ", x.zero_point, " of ", count, " codes: ", sum);
    story.say("factor: ", reciprocal ? "1 / n" : "sx / (sy * n)", " with n = ", n, ": ", Shown{factor});
    story.say("average in steps of the scale ", Shown{y.scale}, ": ", sum, " * ", Shown{factor}, " = ", Shown{v});
  }
  return code_of_steps(v, y.zero_point, {0, 255}, story);
}

}  // namespace

/// The largest code of the window of p*stride - padding + r*dilation, r = 0 .. kernel - 1.
int32_t code_of(const nn::op::QuantizedMaxPool2d& o, const Call& call, const Story& story) {
  const auto range = [](int64_t p, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation, int64_t size) {
    int64_t begin = p * stride - padding;
    const int64_t end = std::min(begin + (kernel - 1) * dilation + 1, size);
    while (begin < 0) begin += dilation;
    return Range{begin, end, dilation};
  };
  const ops::MaxPool2dOptions& w = o.options;
  const Operand& x = call.in[0];
  const Range rows = range(call.at.h, w.kernel.h, w.stride.h, w.padding.h, w.dilation.h, x.height());
  const Range columns = range(call.at.w, w.kernel.w, w.stride.w, w.padding.w, w.dilation.w, x.width());
  tell_window(call, rows, columns, story);
  int32_t largest = 0;
  for_window(call, rows, columns, [&](const Place& at) { largest = std::max(largest, x.code(at)); });
  story.say("the largest code: ", largest, "; the scale stays");
  return largest;
}

/// The window of p*stride - padding + r, r = 0 .. kernel - 1. It is divided by its size with padding (count_include_pad), without, or by
/// divisor_override; qnnpack divides by the kernel's size, whatever was asked for.   (ops/int8/pool.h)
int32_t code_of(const nn::op::QuantizedAvgPool2d& o, const Call& call, const Story& story) {
  const ops::AvgPool2dOptions& w = o.options;
  const Operand& x = call.in[0];
  const auto window = [](int64_t p, int64_t kernel, int64_t stride, int64_t padding, int64_t size) {
    return Range{p * stride - padding, std::min(p * stride - padding + kernel, size + padding)};
  };
  const auto inside = [](Range r, int64_t size) { return Range{std::max<int64_t>(r.begin, 0), std::min(r.end, size)}; };
  const auto length = [](Range r) { return r.end - r.begin; };
  const Range rows = window(call.at.h, w.kernel.h, w.stride.h, w.padding.h, x.height());
  const Range columns = window(call.at.w, w.kernel.w, w.stride.w, w.padding.w, x.width());
  const Range real_rows = inside(rows, x.height()), real_columns = inside(columns, x.width());
  const AverageFactor by = ops::int8::rules_of(o.engine).average;
  int64_t n = w.count_include_pad ? length(rows) * length(columns) : length(real_rows) * length(real_columns);
  if (w.divisor_override > 0) n = w.divisor_override;
  if (by == AverageFactor::of_a_layer) n = w.kernel.h * w.kernel.w;
  return average(call, real_rows, real_columns, n, by, o.input, o.qparams, story);
}

/// The window of rows floor(p*H/P) to ceil((p+1)*H/P), columns likewise.   (ops/int8/pool.h)
int32_t code_of(const nn::op::QuantizedAdaptiveAvgPool2d& o, const Call& call, const Story& story) {
  const Operand& x = call.in[0];
  const auto window = [](int64_t p, int64_t size, int64_t cells) {
    return Range{p * size / cells, ((p + 1) * size + cells - 1) / cells};
  };
  const Range rows = window(call.at.h, x.height(), o.output_size.h), columns = window(call.at.w, x.width(), o.output_size.w);
  const bool one_size = x.height() % o.output_size.h == 0 && x.width() % o.output_size.w == 0;
  const AverageFactor by = one_size ? ops::int8::rules_of(o.engine).average : AverageFactor::reciprocal;
  const int64_t n = (rows.end - rows.begin) * (columns.end - columns.begin);
  return average(call, rows, columns, n, by, o.input, o.qparams, story);
}

/// The mean over all pixels: as qnnpack's average of one window, or of the real values, whose sum has torch.mean's order.
/// (ops/int8/mean.h)
int32_t code_of(const nn::op::QuantizedMean& o, const Call& call, const Story& story) {
  using ops::int8::MeanRule;
  const Operand& x = call.in[0];
  const Range rows{0, x.height()}, columns{0, x.width()};
  const int64_t n = x.height() * x.width();
  const MeanRule rule = o.as_2_3 ? ops::int8::rules_of(o.engine).mean : MeanRule::of_reals;
  if (rule == MeanRule::of_codes) return average(call, rows, columns, n, AverageFactor::of_a_layer, o.qparams, o.qparams, story);
  tell_window(call, rows, columns, story);
  const float sum = ops::torch_sum(n, call.at.c, x.channels(), [&](int64_t i) {
    return x.real({call.at.n, call.at.c, i / x.width(), i % x.width()});
  });
  const float mean = sum / static_cast<float>(n);
  if (story.is_told())
    story.say("sum of (code - ", o.qparams.zero_point, ") * ", Shown{o.qparams.scale}, ", in torch.mean's order: ", Shown{sum},
              ";  / ", n, " = ", Shown{mean});
  return code_of_real(mean, o.qparams, story);
}

}  // namespace octet::quant
