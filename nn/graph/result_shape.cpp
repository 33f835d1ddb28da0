#include "nn/graph/result_shape.h"

#include <algorithm>

#include "nn/graph/ops.h"
#include "ops/channels_last_pool.h"
#include "ops/conv/conv_transpose2d.h"

namespace octet::nn {
namespace {

using Shapes = std::span<const Shape>;

/// An image's shape in one order of the two, with its pixels replaced.
struct Image {
  int64_t N, C, H, W;
  bool last;
  Image(const Shape& x, bool channels_last) : last(channels_last) {
    OCTET_CHECK(x.size() == 4, "expected ", last ? "codes [N, H, W, C]" : "[N, C, H, W]", ", got ", x);
    N = x[0], C = x[last ? 3 : 1], H = x[last ? 1 : 2], W = x[last ? 2 : 3];
  }
  Shape with(int64_t channels, int64_t P, int64_t Q) const { return last ? Shape{N, P, Q, channels} : Shape{N, channels, P, Q}; }
};

Shape convolved(const Shape& input, const Shape& weight, const ops::Conv2dOptions& o, bool codes) {
  const Image x(input, codes);
  OCTET_CHECK(weight.size() == 4 && o.groups > 0 && weight[1] == x.C / o.groups && x.C % o.groups == 0, "input ", input,
              " and weight ", weight, " do not fit with ", o.groups, " groups");
  const auto side = [](int64_t kernel, int64_t dilation) { return plus(times(std::max<int64_t>(kernel - 1, 0), dilation), 1); };
  return x.with(weight[0], ops::output_size(x.H, side(weight[2], o.dilation.h), o.stride.h, o.padding.h),
                ops::output_size(x.W, side(weight[3], o.dilation.w), o.stride.w, o.padding.w));
}

Shape transposed(const Shape& input, const Shape& weight, const ops::ConvTranspose2dOptions& o, bool codes) {
  const Image x(input, codes);
  const Shape y = ops::conv_transpose2d_shape({x.N, x.C, x.H, x.W}, weight, o);
  return x.with(y[1], y[2], y[3]);
}

Shape interpolated(const Shape& input, const ops::InterpolateOptions& o, bool codes) {
  const Image x(input, codes);
  const ops::Size2 size = ops::interpolated_size({x.H, x.W}, o);
  return x.with(x.C, size.h, size.w);
}

Shape padded(const Shape& input, const ops::PadOptions& o) {
  const Image x(input, false);
  const int64_t P = plus(x.H, o.top + o.bottom), Q = plus(x.W, o.left + o.right);
  OCTET_CHECK(P > 0 && Q > 0, "pad: ", input, " to ", P, " x ", Q);
  return x.with(x.C, P, Q);
}

Shape multiplied(const Shape& x, const Shape& weight) {
  OCTET_CHECK(x.size() == 2 && weight.size() == 2 && x[1] == weight[1], "input ", x, " and weight ", weight, " do not fit");
  return {x[0], weight[0]};
}

template <class Options>
Shape pooled(const Shape& input, const Options& o, bool codes) {
  const Image x(input, codes);
  if constexpr (requires { o.dilation; }) {
    const ops::MaxWindows windows(o, x.H, x.W);
    return x.with(x.C, windows.P(), windows.Q());
  }
  return x.with(x.C, ops::output_size(x.H, o.kernel.h, o.stride.h, o.padding.h, o.ceil_mode),
                ops::output_size(x.W, o.kernel.w, o.stride.w, o.padding.w, o.ceil_mode));
}

Shape resized(const Shape& input, ops::Size2 size, bool codes) {
  const Image x(input, codes);
  return x.with(x.C, size.h, size.w);
}

Shape averaged(const Shape& input, bool keepdim, bool codes) {
  const Image x(input, codes);
  return keepdim ? x.with(x.C, 1, 1) : Shape{x.N, x.C};
}

Shape flat(const Shape& x) {
  OCTET_CHECK(!x.empty(), "expected [N, ...], got ", x);
  return {x[0], numel(Shape(x.begin() + 1, x.end()))};
}

/// The dimensions of channels replaced: those between the images and the last two, or behind the first three.
Shape with_channels(const Shape& x, const Shape& channels, bool codes) {
  OCTET_CHECK(x.size() >= 4, "expected images, got ", x);
  Shape y = codes ? Shape{x[0], x[1], x[2]} : Shape{x[0]};
  y.insert(y.end(), channels.begin(), channels.end());
  if (!codes) y.insert(y.end(), x.end() - 2, x.end());
  return y;
}

Shape permuted(const Shape& x, const std::vector<int64_t>& dims, bool codes) {
  Shape channels;
  const auto first = codes ? 3 : 1, last = codes ? 0 : 2;  // dimensions of images and pixels before and behind
  for (const int64_t d : dims) {
    OCTET_CHECK(d >= 0 && d < std::ssize(x) - first - last, "permute: ", Shape(dims.begin(), dims.end()), " of ", x);
    channels.push_back(x[static_cast<size_t>(first + d)]);
  }
  return with_channels(x, channels, codes);
}

Shape joined(Shapes parts, bool codes) {
  OCTET_CHECK(!parts.empty() && parts[0].size() >= 2, "expected tensors [N, C, ...]");
  Shape y = parts[0];
  int64_t& channels = codes ? y.back() : y[1];
  channels = 0;
  for (const Shape& part : parts) {
    OCTET_CHECK(part.size() == y.size(), "shapes ", part, " and ", parts[0], " do not fit");
    channels = plus(channels, codes ? part.back() : part[1]);
  }
  return y;
}

const Shape& larger(const Shape& a, const Shape& b) { return numel(a) < numel(b) ? b : a; }

template <class T>
concept KeepsShape = T::kInfo.layout.value == op::Layout::any;

/// One overload for each op that gives another shape than it takes.
struct ResultShape {
  const Node& node;
  Shapes in;

  Shape weight() const { return node.parameter("weight").shape(); }

  template <KeepsShape T>
  Shape operator()(const T&) const {
    return in.size() == 2 ? larger(in[0], in[1]) : in[0];
  }
  Shape operator()(const op::Placeholder&) const { return in[0]; }
  Shape operator()(const op::Output&) const { return in[0]; }
  Shape operator()(const op::Lowered& o) const { fail(o.description, ": made by optimize_for_inference; ask before it"); }
  Shape operator()(const op::Quantize&) const { return channels_last(in[0]); }
  Shape operator()(const op::Dequantize&) const { return channels_first(in[0]); }
  Shape operator()(const op::Conv2d& o) const { return convolved(in[0], weight(), o.options, false); }
  Shape operator()(const op::QuantizedConv2d& o) const {
    return convolved(in[0], o.layer->params().weight.shape(), o.layer->params().options, true);
  }
  Shape operator()(const op::ConvTranspose2d& o) const { return transposed(in[0], weight(), o.options, false); }
  Shape operator()(const op::QuantizedConvTranspose2d& o) const {
    return transposed(in[0], o.layer->params().weight.shape(), o.layer->params().options, true);
  }
  Shape operator()(const op::Interpolate& o) const { return interpolated(in[0], o.options, false); }
  Shape operator()(const op::QuantizedInterpolate& o) const { return interpolated(in[0], o.options, true); }
  Shape operator()(const op::Pad& o) const { return padded(in[0], o.options); }
  Shape operator()(const op::Softmax&) const { return in[0]; }
  Shape operator()(const op::QuantizedSoftmax&) const { return in[0]; }
  Shape operator()(const op::LayerNorm&) const { return in[0]; }
  Shape operator()(const op::QuantizedLayerNorm&) const { return in[0]; }
  Shape operator()(const op::GroupNorm&) const { return in[0]; }
  Shape operator()(const op::QuantizedInstanceNorm&) const { return in[0]; }
  Shape operator()(const op::PRelu&) const { return in[0]; }
  Shape operator()(const op::Affine&) const { return in[0]; }
  Shape operator()(const op::QuantizedAffine&) const { return in[0]; }
  Shape operator()(const op::Linear&) const { return multiplied(in[0], weight()); }
  Shape operator()(const op::QuantizedLinear& o) const { return multiplied(in[0], o.layer->params().weight.shape()); }
  Shape operator()(const op::BatchNorm&) const { return in[0]; }
  Shape operator()(const op::QuantizedBatchNorm&) const { return in[0]; }
  Shape operator()(const op::MaxPool2d& o) const { return pooled(in[0], o.options, false); }
  Shape operator()(const op::QuantizedMaxPool2d& o) const { return pooled(in[0], o.options, true); }
  Shape operator()(const op::AvgPool2d& o) const { return pooled(in[0], o.options, false); }
  Shape operator()(const op::QuantizedAvgPool2d& o) const { return pooled(in[0], o.options, true); }
  Shape operator()(const op::Mean& o) const { return averaged(in[0], o.keepdim, false); }
  Shape operator()(const op::QuantizedMean& o) const { return averaged(in[0], o.keepdim, true); }
  Shape operator()(const op::AdaptiveAvgPool2d& o) const { return resized(in[0], o.output_size, false); }
  Shape operator()(const op::QuantizedAdaptiveAvgPool2d& o) const { return resized(in[0], o.output_size, true); }
  Shape operator()(const op::AdaptiveMaxPool2d& o) const { return resized(in[0], o.output_size, false); }
  Shape operator()(const op::Flatten&) const { return flat(in[0]); }
  Shape operator()(const op::QuantizedFlatten&) const { return flat(in[0]); }
  Shape operator()(const op::View& o) const { return with_channels(in[0], {o.channels.begin(), o.channels.end()}, false); }
  Shape operator()(const op::QuantizedView& o) const {
    return with_channels(in[0], {o.channels.begin(), o.channels.end()}, true);
  }
  Shape operator()(const op::Permute& o) const { return permuted(in[0], o.dims, false); }
  Shape operator()(const op::QuantizedPermute& o) const { return permuted(in[0], o.dims, true); }
  Shape operator()(const op::Slice& o) const {
    OCTET_CHECK(in[0].size() >= 2 && o.begin <= o.end, "slice: channels ", o.begin, " to ", o.end, " of ", in[0]);
    Shape y = in[0];
    y[1] = o.end - o.begin;
    return y;
  }
  Shape operator()(const op::QuantizedMul&) const { return larger(in[0], in[1]); }
  Shape operator()(const op::Cat&) const { return joined(in, false); }
  Shape operator()(const op::QuantizedCat&) const { return joined(in, true); }
};

/// Of a convolution: its padded images, and for each thread the columns of one (ops/conv/).
Effort of_conv(const Shape& input, const Shape& weight, const ops::Conv2dOptions& o, const Shape& result, bool codes) {
  constexpr int64_t kThreads = 2;  // as many as most machines that run short of memory have
  const Image x(input, codes), y(result, codes);
  const int64_t window = times(weight[1], weight[2], weight[3]), bytes = codes ? 1 : 4;
  const int64_t padded = times(x.N, x.C, x.H + 2 * o.padding.h, x.W + 2 * o.padding.w, bytes);
  return {times(y.N, y.C, y.H, y.W, window), plus(padded, codes ? 0 : times(kThreads, window, y.H, y.W, bytes))};
}

/// Of a transposed convolution: each pixel of the input times the whole kernel; columns of one image for each thread, or the codes of
/// all phases (ops/int8/conv_transpose2d.h), and the result once more.
Effort of_transposed(const Shape& input, const Shape& weight, const Shape& result, bool codes) {
  constexpr int64_t kThreads = 2;
  const Image x(input, codes);
  const int64_t window = times(weight[1], weight[2], weight[3]), each = times(window, x.H, x.W);
  return {times(x.N, x.C, each), codes ? times(4, numel(result)) : plus(times(4, numel(result)), times(4, kThreads, each))};
}

/// Of a pool: each pixel of its windows once.
int64_t of_windows(const Shape& result, ops::Size2 kernel) { return times(numel(result), kernel.h, kernel.w); }

struct EffortOf {
  const Node& node;
  Shapes in;
  const Shape& y;

  Effort operator()(const op::Conv2d& o) const { return of_conv(in[0], node.parameter("weight").shape(), o.options, y, false); }
  Effort operator()(const op::QuantizedConv2d& o) const {
    return of_conv(in[0], o.layer->params().weight.shape(), o.layer->params().options, y, true);
  }
  Effort operator()(const op::ConvTranspose2d&) const { return of_transposed(in[0], node.parameter("weight").shape(), y, false); }
  Effort operator()(const op::QuantizedConvTranspose2d& o) const {
    return of_transposed(in[0], o.layer->params().weight.shape(), y, true);
  }
  Effort operator()(const op::Linear&) const { return {times(numel(y), in[0].at(1)), 0}; }
  Effort operator()(const op::QuantizedLinear&) const {  // rows of int16, sums of int32
    return {times(numel(y), in[0].at(1)), plus(times(2, numel(in[0])), times(4, numel(y)))};
  }
  /// The rest reads its inputs and writes its result, a pool each window of them.
  template <class T>
  Effort operator()(const T& o) const {
    int64_t reads = numel(y);
    for (const Shape& x : in) reads = plus(reads, numel(x));
    if constexpr (requires { o.options.kernel; }) reads = plus(reads, of_windows(y, o.options.kernel));
    return {reads, 0};
  }
};

}  // namespace

Shape result_shape(const Node& node, Shapes inputs) {
  try {
    Shape shape = visit(ResultShape{node, inputs}, node.op);
    (void)numel(shape);  // refuses sizes below 0, and more than a tensor can have
    return shape;
  } catch (const Error& error) {
    fail("node '", node.name, "': ", error.what());
  }
}

Effort effort_of(const Node& node, Shapes inputs, const Shape& result) { return visit(EffortOf{node, inputs, result}, node.op); }

}  // namespace octet::nn
