#include "ops/conv/conv_transpose2d.h"

#include "ops/channels.h"
#include "ops/elementwise.h"

namespace octet::ops {
namespace {

int64_t length(int64_t input, int64_t kernel, int64_t stride, int64_t padding, int64_t output_padding, int64_t dilation) {
  OCTET_CHECK(stride > 0 && padding >= 0 && dilation > 0 && std::max({kernel, stride, padding, dilation}) <= kLargestWindow,
              "conv_transpose2d: stride ", stride, ", padding ", padding, ", dilation ", dilation,
              "; expected stride and dilation above 0, padding not below 0, all at most ", kLargestWindow);
  OCTET_CHECK(output_padding >= 0 && output_padding < stride, "conv_transpose2d: output_padding ", output_padding,
              ", expected less than the stride ", stride);
  return (input - 1) * stride - 2 * padding + (kernel - 1) * dilation + output_padding + 1;
}

/// The convolution whose gradient it is.
Conv2dOptions forwards(const ConvTranspose2dOptions& o) { return {o.stride, o.padding, o.groups, o.dilation}; }

}  // namespace

Shape conv_transpose2d_shape(const Shape& x, const Shape& weight, const ConvTranspose2dOptions& o) {
  OCTET_CHECK(x.size() == 4 && weight.size() == 4,
              "conv_transpose2d: expected input [N, C, H, W] and weight [C, K/G, R, S], got ", x, " and ", weight);
  OCTET_CHECK(o.groups > 0 && o.groups <= std::max<int64_t>(1, weight[0]) && x[1] == weight[0] && weight[0] % o.groups == 0,
              "conv_transpose2d: input ", x, " and weight ", weight, " do not fit with ", o.groups, " groups: the input needs ",
              weight[0], " channels");
  const Shape y{x[0], weight[1] * o.groups, length(x[2], weight[2], o.stride.h, o.padding.h, o.output_padding.h, o.dilation.h),
                length(x[3], weight[3], o.stride.w, o.padding.w, o.output_padding.w, o.dilation.w)};
  OCTET_CHECK(x[2] > 0 && x[3] > 0 && y[2] > 0 && y[3] > 0, "conv_transpose2d: input ", x, " and weight ", weight,
              " with padding ", o.padding, " leave nothing: ", y);
  return y;
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvTranspose2dOptions& options) {
  const Shape shape = conv_transpose2d_shape(x.shape(), weight.shape(), options);
  OCTET_CHECK(!bias.defined() || bias.shape() == Shape{shape[1]}, "conv_transpose2d: bias ", bias.shape(), " for ", shape[1],
              " output channels");
  check_same_device("conv_transpose2d", {&x, &weight, &bias});
  const Tensor like_y(shape, DType::f32, x.device());  // of which only the shape is read
  Tensor y = conv2d_backward(x, like_y, weight, forwards(options), {.x = true, .weight = false}).x;
  if (!bias.defined()) return y;
  Tensor biases(shape, DType::f32, x.device());
  fill_channels(bias, biases);
  add_(y, biases);
  return y;
}

Conv2dGradients conv_transpose2d_backward(const Tensor& dy, const Tensor& x, const Tensor& weight,
                                          const ConvTranspose2dOptions& options, Conv2dWanted wanted) {
  const Shape shape = conv_transpose2d_shape(x.shape(), weight.shape(), options);
  OCTET_CHECK(dy.shape() == shape, "conv_transpose2d_backward: gradient ", dy.shape(), " for an output ", shape);
  Conv2dGradients d;
  if (wanted.x) d.x = conv2d(dy, weight, {}, forwards(options));
  if (wanted.weight) d.weight = conv2d_backward(x, dy, weight, forwards(options), {.x = false, .weight = true}).weight;
  if (wanted.bias) d.bias = channel_sums(dy);
  return d;
}

}  // namespace octet::ops
