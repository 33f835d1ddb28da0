// MaxPool, AveragePool, the global pools and ReduceMean; and what windows read, which Conv has in common with them.
#include "networks/onnx/operations.h"

#include "loaders/files/bytes.h"
#include "nn/graph/ops/adaptive_avg_pool2d.h"
#include "nn/graph/ops/adaptive_max_pool2d.h"
#include "nn/graph/ops/avg_pool2d.h"
#include "nn/graph/ops/max_pool2d.h"
#include "nn/graph/ops/mean.h"

namespace octet::networks::onnx {
namespace {

namespace op = nn::op;
using ops::Size2;

/// Two numbers of an attribute.
Size2 pair_of(const Call& call, const char* name, Size2 standard) {
  const Dims numbers = call.integers(name);
  if (numbers.empty()) return standard;
  OCTET_CHECK(numbers.size() == 2, "its attribute '", name, "' has ", numbers.size(),
              " numbers, expected 2: it is not of images");
  for (const int64_t n : numbers)
    OCTET_CHECK(n > 0 && n <= ops::kLargestWindow, "its attribute '", name, "' has ", n, ", expected 1 to ", ops::kLargestWindow);
  return numbers[0] == numbers[1] ? Size2(numbers[0]) : Size2(numbers[0], numbers[1]);
}

struct Sides {
  int64_t before, after;
};

/// auto_pad SAME_UPPER, SAME_LOWER: as many outputs as inputs / stride, rounded up; an odd zero lies behind, or before.
Sides same(int64_t input, int64_t kernel, int64_t stride, bool upper) {
  const bool evenly = stride == 1;
  OCTET_CHECK(evenly || is_known(input), "auto_pad of an image whose size is free is not supported");
  const int64_t total = std::max<int64_t>(evenly ? kernel - 1 : ((input + stride - 1) / stride - 1) * stride + kernel - input, 0);
  return upper ? Sides{total / 2, total - total / 2} : Sides{total - total / 2, total / 2};
}

/// The ceil_mode with which windows have as many positions, when both sides have the padding of the first. Where none has, a pool
/// cannot be had.
bool ceil_mode_for(int64_t input, int64_t kernel, int64_t stride, Sides pads, bool ceil_mode) {
  if (pads.before == pads.after) return ceil_mode;
  OCTET_CHECK(is_known(input), "padding ", pads.before, " before and ", pads.after,
              " behind an image whose size is free is not supported");
  const int64_t wanted = positions(input, kernel, stride, pads.before + pads.after, ceil_mode);
  for (const bool mode : {false, true})
    if (input + 2 * pads.before >= kernel && ops::output_size(input, kernel, stride, pads.before, mode) == wanted) return mode;
  fail("padding ", pads.before, " before and ", pads.after, " behind is not supported");
}

/// Has a window as many positions with ceil_mode as without?
bool is_same_in_both(int64_t input, int64_t kernel, int64_t stride, int64_t padding) {
  return is_known(input) &&
         ops::output_size(input, kernel, stride, padding, true) == ops::output_size(input, kernel, stride, padding, false);
}

/// Options that fit both axes; padding: of the first side.
struct PoolShape {
  Size2 padding;
  bool ceil_mode;
  Dims output;
};
PoolShape pool_shape(const Call& call, const Value& x, const Window& w) {
  const bool asked = call.flag("ceil_mode", false);
  const Pads& p = w.pads;
  const Size2 span = w.span();
  OCTET_CHECK(2 * p.top <= w.kernel.h && 2 * p.left <= w.kernel.w, "pads ", text_of({p.top, p.left, p.bottom, p.right}),
              " are more than half of the kernel ", w.kernel, ", which is not supported");
  const int64_t H = x.shape[2], W = x.shape[3];
  const bool rows = ceil_mode_for(H, span.h, w.stride.h, {p.top, p.bottom}, asked);
  const bool columns = ceil_mode_for(W, span.w, w.stride.w, {p.left, p.right}, asked);
  if (rows != columns) {  // then the axis that asks for none must be right with it, too
    const bool fits = rows ? is_same_in_both(W, span.w, w.stride.w, p.left) : is_same_in_both(H, span.h, w.stride.h, p.top);
    OCTET_CHECK(fits, "pads ", text_of({p.top, p.left, p.bottom, p.right}), " are not supported");
  }
  const bool mode = rows || columns;
  return {p.top == p.left ? Size2(p.top) : Size2(p.top, p.left),
          mode,
          {x.shape[0], x.shape[1], positions(H, span.h, w.stride.h, p.top + p.bottom, asked),
           positions(W, span.w, w.stride.w, p.left + p.right, asked)}};
}

Made global(const Call& call, nn::Op op) {
  const Value& x = call.plain(0);
  OCTET_CHECK(x.shape.size() == 4, "of ", text_of(x.shape), " is not supported, expected [N, C, H, W]");
  return {.op = std::move(op), .inputs = {x.node}, .value = {.shape = {x.shape[0], x.shape[1], 1, 1}}};
}

}  // namespace

int64_t positions(int64_t input, int64_t kernel, int64_t stride, int64_t pads, bool ceil_mode) {
  if (!is_known(input)) return kUnknown;
  OCTET_CHECK(input + pads >= kernel, "a kernel of ", kernel, " over ", input, " pixels with ", pads, " of padding");
  if (pads % 2 == 0) return ops::output_size(input, kernel, stride, pads / 2, ceil_mode);
  return (input + pads - kernel + (ceil_mode ? stride - 1 : 0)) / stride + 1;
}

Window window_of(const Call& call, const Value& x, Size2 kernel) {
  OCTET_CHECK(x.shape.size() == 4, "of ", text_of(x.shape), " is not supported, expected [N, C, H, W]");
  const Size2 said = pair_of(call, "kernel_shape", kernel);
  OCTET_CHECK(said.h > 0 && (kernel == Size2(0) || said == kernel), "kernel_shape ", said, ", expected ", kernel);
  Window w{said, pair_of(call, "strides", 1), pair_of(call, "dilations", 1), x.pads};
  const Size2 span = w.span();
  const std::string auto_pad = call.text("auto_pad", "NOTSET");
  Dims pads(4, 0);
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    const bool upper = auto_pad == "SAME_UPPER";
    const auto around = [](int64_t size, int64_t pads) { return is_known(size) ? size + pads : size; };
    const Sides rows = same(around(x.shape[2], x.pads.top + x.pads.bottom), span.h, w.stride.h, upper);
    const Sides columns = same(around(x.shape[3], x.pads.left + x.pads.right), span.w, w.stride.w, upper);
    pads = {rows.before, columns.before, rows.after, columns.after};
  } else if (auto_pad == "NOTSET") {
    if (const Dims given = call.integers("pads"); !given.empty()) pads = given;
    OCTET_CHECK(pads.size() == 4, "its attribute 'pads' has ", pads.size(), " numbers, expected 4: it is not of images");
  } else {
    OCTET_CHECK(auto_pad == "VALID", "auto_pad ", loaders::quoted(auto_pad),
                ", expected NOTSET, SAME_UPPER, SAME_LOWER or VALID");
  }
  for (const int64_t p : pads)
    OCTET_CHECK(p >= 0 && p <= ops::kLargestWindow, "pads ", text_of(pads), ", expected 0 to ", ops::kLargestWindow);
  w.pads = {w.pads.top + pads[0], w.pads.left + pads[1], w.pads.bottom + pads[2], w.pads.right + pads[3]};
  return w;
}

Made max_pool(const Call& call) {
  const Value& x = call.padded(0);
  // Zeros around what a relu gives are as good as the smallest number that max_pool2d pads with.
  OCTET_CHECK(!x.pads.any() || nn::is<op::Relu>(x.node->op) || nn::is<op::Relu6>(x.node->op),
              "behind a Pad is not supported, except of what a relu gives");
  OCTET_CHECK(call.node().outputs.size() == 1, "with indices is not supported");
  const Window w = window_of(call, x, 0);
  const PoolShape p = pool_shape(call, x, w);
  return {
      .op =
          op::MaxPool2d{
              {.kernel = w.kernel, .stride = w.stride, .padding = p.padding, .ceil_mode = p.ceil_mode, .dilation = w.dilation}},
      .inputs = {x.node},
      .value = {.shape = p.output}};
}

Made average_pool(const Call& call) {
  const Value& x = call.padded(0);
  const Window w = window_of(call, x, 0);
  OCTET_CHECK(w.dilation == Size2(1), "dilations ", w.dilation, " are not supported, expected (1, 1)");
  const bool behind_pad = x.pads.any(), counts = call.flag("count_include_pad", false);
  const bool even = w.pads.top == w.pads.bottom && w.pads.left == w.pads.right;
  const Dims own = call.integers("pads");
  OCTET_CHECK(!behind_pad || counts || own.empty() || own == Dims(4, 0),
              "whose padding does not count, behind a Pad, whose does, is not supported");
  OCTET_CHECK(even || !(behind_pad || counts), "whose padding counts and is not the same on both sides is not supported");
  const PoolShape p = pool_shape(call, x, w);
  OCTET_CHECK(!behind_pad || !p.ceil_mode, "with ceil_mode behind a Pad is not supported");
  return {.op = op::AvgPool2d{{.kernel = w.kernel,
                               .stride = w.stride,
                               .padding = p.padding,
                               .ceil_mode = p.ceil_mode,
                               .count_include_pad = !w.pads.any() || behind_pad || counts}},
          .inputs = {x.node},
          .value = {.shape = p.output}};
}

Made global_average_pool(const Call& call) { return global(call, op::AdaptiveAvgPool2d{1}); }
Made global_max_pool(const Call& call) { return global(call, op::AdaptiveMaxPool2d{1}); }

Made reduce_mean(const Call& call) {
  const Value& x = call.computed(0);
  const Dims axes = call.numbers("axes", 1);
  const size_t first = x.channels_last ? 1 : 2;
  OCTET_CHECK(x.shape.size() == 4, "of ", text_of(x.shape), " is not supported, expected images of 4 dimensions");
  Dims sorted;
  for (const int64_t a : axes) sorted.push_back(static_cast<int64_t>(axis_of(a, 4)));
  std::ranges::sort(sorted);
  const auto begin = static_cast<int64_t>(first);
  OCTET_CHECK((sorted == Dims{begin, begin + 1}), "over axes ", text_of(axes), " of ", text_of(x.shape),
              " is not supported, expected height and width");
  const bool keepdim = call.flag("keepdims", true);
  Dims shape = x.shape;
  shape[first] = shape[first + 1] = 1;
  if (!keepdim)
    return {.op = op::Mean{false, axes == Dims{2, 3}}, .inputs = {x.node}, .value = {.shape = {x.shape[0], x.channels()}}};
  // torch.onnx.export(dynamo=True) writes adaptive_avg_pool2d(x, 1) so.
  if (axes == Dims{-1, -2}) return {.op = op::AdaptiveAvgPool2d{1}, .inputs = {x.node}, .value = {.shape = shape}};
  return {.op = op::Mean{true, x.channels_last || axes == Dims{2, 3}},
          .inputs = {x.node},
          .value = {.shape = shape, .channels_last = x.channels_last}};
}

}  // namespace octet::networks::onnx
