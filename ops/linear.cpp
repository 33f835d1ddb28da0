#include "ops/linear.h"

#include "ops/channels.h"
#include "ops/gemm.h"

namespace octet::ops {

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  OCTET_CHECK(x.dim() == 2 && weight.dim() == 2 && x.size(1) == weight.size(1), "linear: input ", x.shape(), " and weight ",
              weight.shape(), " do not fit: expected [N, C] and [K, C]");
  const int64_t N = x.size(0), C = x.size(1), K = weight.size(0);
  OCTET_CHECK(!bias.defined() || bias.shape() == Shape{K}, "linear: bias ", bias.shape(), " for ", K, " outputs");
  check_same_device("linear", {&x, &weight, &bias});
  Tensor y({N, K}, DType::f32, x.device());
  if (bias.defined()) fill_channels(bias, y);
  gemm({.m = N,
        .n = K,
        .k = C,
        .a = x.device_data<float>(),
        .b = weight.device_data<float>(),
        .c = y.device_data<float>(),
        .beta = bias.defined() ? 1.0f : 0.0f,
        .transpose_b = true},
       x.device());
  return y;
}

LinearGradients linear_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, LinearWanted wanted) {
  const int64_t N = x.size(0), C = weight.size(1), K = weight.size(0);
  OCTET_CHECK(x.shape() == (Shape{N, C}) && dy.shape() == (Shape{N, K}), "linear_backward: gradient ", dy.shape(), " and input ",
              x.shape(), " do not fit weight ", weight.shape());
  check_same_device("linear_backward", {&dy, &x, &weight});
  LinearGradients d;
  if (wanted.bias) d.bias = channel_sums(dy);
  if (wanted.x) {
    d.x = Tensor(x.shape(), DType::f32, x.device());
    gemm({.m = N, .n = C, .k = K, .a = dy.device_data<float>(), .b = weight.device_data<float>(), .c = d.x.device_data<float>()},
         x.device());
  }
  if (wanted.weight) {
    d.weight = Tensor(weight.shape(), DType::f32, x.device());
    gemm({.m = K,
          .n = C,
          .k = N,
          .a = dy.device_data<float>(),
          .b = x.device_data<float>(),
          .c = d.weight.device_data<float>(),
          .transpose_a = true},
         x.device());
  }
  return d;
}

}  // namespace octet::ops
