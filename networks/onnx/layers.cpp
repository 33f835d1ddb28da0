// Conv, ConvTranspose, Gemm and MatMul: what has weights.
#include "networks/onnx/operations.h"
#include "nn/graph/ops/batch_norm.h"
#include "nn/graph/ops/conv2d.h"
#include "nn/graph/ops/conv_transpose2d.h"
#include "nn/graph/ops/linear.h"

namespace octet::networks::onnx {
namespace {

namespace op = nn::op;

uint64_t bytes_of(const Shape& shape) { return 4 * static_cast<uint64_t>(numel(shape)); }

/// weight [K, C, R, S] among rows and columns of zeros.
Tensor among_zeros(const Call& call, const Tensor& weight, const Pads& zeros) {
  const Shape& s = weight.shape();
  const Shape larger{s[0], s[1], s[2] + zeros.top + zeros.bottom, s[3] + zeros.left + zeros.right};
  call.budget().spend(bytes_of(larger));
  Tensor y = Tensor::zeros(larger);
  for (int64_t plane = 0; plane < s[0] * s[1]; ++plane)
    for (int64_t r = 0; r < s[2]; ++r)
      std::copy_n(weight.data<float>() + (plane * s[2] + r) * s[3], s[3],
                  y.data<float>() + (plane * larger[2] + r + zeros.top) * larger[3] + zeros.left);
  return y;
}

/// octet pads both sides alike. More zeros behind the image than before it, as TensorFlow has them, are the same as zeros on both
/// sides and a kernel with as many rows of zeros before its own: each window then reads the same pixels, and some times 0.
Pads kernel_zeros(const Pads& p) {
  return {std::max<int64_t>(p.bottom - p.top, 0), std::max<int64_t>(p.right - p.left, 0), std::max<int64_t>(p.top - p.bottom, 0),
          std::max<int64_t>(p.left - p.right, 0)};
}

/// W [C, K] of x W -> [K, C].
Tensor transposed(const Call& call, const Tensor& w) {
  call.budget().spend(bytes_of(w.shape()));
  const int64_t C = w.size(0), K = w.size(1);
  Tensor y({K, C});
  for (int64_t k = 0; k < K; ++k)
    for (int64_t c = 0; c < C; ++c) y.data<float>()[k * C + c] = w.data<float>()[c * K + k];
  return y;
}

/// Columns of weight [K, H*W*C], which are in the file's order {H, W, C}, in the order C, H, W.
Tensor in_planes(const Call& call, const Tensor& weight, const Dims& order) {
  if (order.empty()) return weight;
  const int64_t K = weight.size(0), pixels = order[0] * order[1], C = order[2];
  OCTET_CHECK(weight.size(1) == pixels * C, "a weight ", weight.shape(), " over rows of ", text_of(order));
  call.budget().spend(bytes_of(weight.shape()));
  Tensor y(weight.shape());
  for (int64_t k = 0; k < K; ++k)
    for (int64_t i = 0; i < pixels; ++i)
      for (int64_t c = 0; c < C; ++c)
        y.data<float>()[k * pixels * C + c * pixels + i] = weight.data<float>()[k * pixels * C + i * C + c];
  return y;
}

Made linear(const Call& call, Tensor weight, const Tensor& bias) {
  const Value& x = call.computed(0);
  OCTET_CHECK(x.shape.size() == 2, "a linear layer over ", text_of(x.shape), " is not supported, expected [N, C]");
  OCTET_CHECK(!is_known(x.shape[1]) || x.shape[1] == weight.size(1), "a weight ", weight.shape(), " over ", text_of(x.shape));
  weight = in_planes(call, weight, x.row_order);
  Made made{.op = op::Linear{},
            .inputs = {x.node},
            .parameters = {{"weight", weight}},
            .value = {.shape = {x.shape[0], weight.size(0)}}};
  if (bias.defined()) made.parameters["bias"] = bias;
  return made;
}

/// times a factor, which is nearly always 1.
Tensor times(Tensor t, float factor) {
  if (factor == 1 || !t.defined()) return t;
  t = t.clone();
  for (int64_t i = 0; i < t.numel(); ++i) t.data<float>()[i] *= factor;
  return t;
}

}  // namespace

Made conv(const Call& call) {
  Tensor weight = constant(call, 1, 4, "weight");
  const Value& x = call.padded(0);
  const Window w = window_of(call, x, {weight.size(2), weight.size(3)});
  op::Conv2d conv{{.stride = w.stride, .groups = call.integer("group", 1), .dilation = w.dilation}};
  const int64_t top = std::max(w.pads.top, w.pads.bottom), left = std::max(w.pads.left, w.pads.right);
  conv.options.padding = top == left ? ops::Size2(top) : ops::Size2(top, left);
  OCTET_CHECK(std::max(top, left) <= ops::kLargestWindow, "padding ", top, ", ", left);
  if (const Pads zeros = kernel_zeros(w.pads); zeros.any()) {
    OCTET_CHECK(w.dilation == ops::Size2(1), "dilations ", w.dilation, " with padding of one side are not supported");
    weight = among_zeros(call, weight, zeros);
  }
  const ops::Size2 span = w.span();
  Made made{.op = conv,
            .inputs = {x.node},
            .parameters = {{"weight", weight}},
            .value = {.shape = {x.shape[0], weight.size(0), positions(x.shape[2], span.h, w.stride.h, w.pads.top + w.pads.bottom),
                                positions(x.shape[3], span.w, w.stride.w, w.pads.left + w.pads.right)}}};
  if (call.has(2)) made.parameters["bias"] = constant(call, 2, 1, "bias");
  return made;
}

Made conv_transpose(const Call& call) {
  const Tensor weight = constant(call, 1, 4, "weight");
  const Value& x = call.plain(0);
  OCTET_CHECK(!call.has_attribute("output_shape"), "with output_shape is not supported, expected output_padding");
  const std::string auto_pad = call.text("auto_pad", "NOTSET");
  OCTET_CHECK(auto_pad == "NOTSET" || auto_pad == "VALID",
              "auto_pad of a transposed convolution is not supported, expected pads");
  const Window w = window_of(call, x, {weight.size(2), weight.size(3)});
  Dims more = call.integers("output_padding");
  more.resize(2);
  // Fewer rows cut off at the end than at the beginning are rows more at the end.
  more[0] += w.pads.top - w.pads.bottom, more[1] += w.pads.left - w.pads.right;
  OCTET_CHECK(std::min(more[0], more[1]) >= 0 && more[0] < w.stride.h && more[1] < w.stride.w, "with pads of one side and ",
              "output_padding that come to ", text_of(more), " is not supported, expected 0 to the stride ", w.stride);
  const auto pair = [](int64_t h, int64_t w2) { return h == w2 ? ops::Size2(h) : ops::Size2(h, w2); };
  const op::ConvTranspose2d layer{{.stride = w.stride,
                                   .padding = pair(w.pads.top, w.pads.left),
                                   .output_padding = pair(more[0], more[1]),
                                   .groups = call.integer("group", 1),
                                   .dilation = w.dilation}};
  Dims shape{x.shape[0], weight.size(1) * layer.options.groups, kUnknown, kUnknown};
  if (is_known(x.shape[1]) && is_known(x.shape[2]) && is_known(x.shape[3])) {
    const Shape y = ops::conv_transpose2d_shape({1, x.shape[1], x.shape[2], x.shape[3]}, weight.shape(), layer.options);
    shape[2] = y[2], shape[3] = y[3];
  }
  Made made{.op = layer, .inputs = {x.node}, .parameters = {{"weight", weight}}, .value = {.shape = shape}};
  if (call.has(2)) made.parameters["bias"] = constant(call, 2, 1, "bias");
  return made;
}

Made gemm(const Call& call) {
  OCTET_CHECK(!call.flag("transA", false), "with transA is not supported");
  Tensor weight = constant(call, 1, 2, "weight");
  if (!call.flag("transB", false)) weight = transposed(call, weight);
  call.budget().spend(bytes_of(weight.shape()));
  weight = times(weight, call.real("alpha", 1));
  Tensor bias = call.floats(2);
  const int64_t K = weight.size(0);
  if (bias.defined()) {
    OCTET_CHECK(bias.numel() == K || bias.numel() == 1, "its bias is ", bias.shape(), ", expected ", K, " numbers");
    bias = bias.numel() == K ? bias.reshape({K}) : Tensor::full({K}, bias.data<float>()[0]);
  }
  return linear(call, weight, times(bias, call.real("beta", 1)));
}

Made matmul(const Call& call) { return linear(call, transposed(call, constant(call, 1, 2, "second matrix")), {}); }

namespace {

/// A number for each of K, or one for all, as K numbers; undefined: `standard`.
Tensor as_many(const Tensor& t, int64_t K, float standard) {
  if (t.defined() && t.numel() == K) return t.reshape({K});
  return Tensor::full({K}, t.defined() ? t.data<float>()[0] : standard);
}

/// bias = bias * factor + summand, weight [K, ...] *= factor.
void scale_layer(nn::Node& layer, const Tensor& factor, const Tensor& summand) {
  Tensor weight = layer.parameter("weight").clone();
  const int64_t K = weight.size(0), row = K > 0 ? weight.numel() / K : 0;
  const Tensor old = layer.parameter("bias"), f = as_many(factor, K, 1), s = as_many(summand, K, 0);
  Tensor bias({K});
  for (int64_t k = 0; k < K; ++k) {
    if (factor.defined())
      for (int64_t i = k * row; i < (k + 1) * row; ++i) weight.data<float>()[i] *= f.data<float>()[k];
    bias.data<float>()[k] = (old.defined() ? old.data<float>()[k] : 0) * f.data<float>()[k] + s.data<float>()[k];
  }
  layer.parameters["weight"] = weight;
  if (old.defined() || summand.defined()) layer.parameters["bias"] = bias;
}

/// The same of a group norm: bias = bias * factor + summand, weight *= factor.
void scale_group_norm(nn::Node& norm, int64_t C, const Tensor& factor, const Tensor& summand) {
  const Tensor f = as_many(factor, C, 1), s = as_many(summand, C, 0);
  const Tensor old_weight = as_many(norm.parameter("weight"), C, 1), old_bias = as_many(norm.parameter("bias"), C, 0);
  Tensor weight({C}), bias({C});
  for (int64_t c = 0; c < C; ++c) {
    weight.data<float>()[c] = old_weight.data<float>()[c] * f.data<float>()[c];
    bias.data<float>()[c] = old_bias.data<float>()[c] * f.data<float>()[c] + s.data<float>()[c];
  }
  norm.parameters["weight"] = weight, norm.parameters["bias"] = bias;
}

}  // namespace

Made scaled(const Call& call, const Value& x, const Tensor& factor, const Tensor& summand) {
  const bool is_layer = nn::is<op::Conv2d>(x.node->op) || nn::is<op::Linear>(x.node->op) || nn::is<op::BatchNorm>(x.node->op);
  if (is_layer) call.budget().spend(x.node->parameter("weight").nbytes());
  const int64_t K = is_layer ? x.node->parameter("weight").size(0) : x.channels();
  for (const Tensor& t : {factor, summand})
    OCTET_CHECK(!t.defined() || t.numel() == 1 || t.numel() == K, t.numel(), " numbers for ", K, " channels");
  if (is_layer && x.exclusive) {
    scale_layer(*x.node, factor, summand);
    return handed_on(x);
  }
  if (nn::is<op::GroupNorm>(x.node->op) && x.exclusive && is_known(K)) {
    call.budget().spend(16 * static_cast<uint64_t>(K));
    scale_group_norm(*x.node, K, factor, summand);
    return handed_on(x);
  }
  const size_t dims = x.shape.size();
  OCTET_CHECK((dims == 2 || dims == 4) && is_known(K) && x.row_order.empty(), "a constant for each channel of ", text_of(x.shape),
              " is not supported");
  call.budget().spend(16 * static_cast<uint64_t>(K));
  Made made = elementwise(op::BatchNorm{.eps = 0, .dims = dims == 2 ? 1 : 2}, x);
  made.parameters = {{"weight", as_many(factor, K, 1)},
                     {"bias", as_many(summand, K, 0)},
                     {"running_mean", Tensor::zeros({K})},
                     {"running_var", Tensor::full({K}, 1)}};
  return made;
}

}  // namespace octet::networks::onnx
