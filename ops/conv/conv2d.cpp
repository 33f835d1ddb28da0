// Forward of the float convolution, for one image n and one group g:
//   columns = im2col(x[n, g])                 [C/G, H, W] -> [C/G*R*S, P*Q]
//   y[n, g] = weight[g] * columns + bias[g]   [K/G, C/G*R*S] x [C/G*R*S, P*Q] -> [K/G, P*Q]
// A pointwise convolution (1x1, stride 1, no padding) needs no columns: the image is already that matrix. Threads share the
// images, or the product if there are fewer images than threads. PyTorch counterpart: torch.nn.functional.conv2d.
#include "ops/conv/conv2d.h"

#include <algorithm>

#include "ops/channels.h"
#include "ops/conv/columns.h"
#include "ops/conv/depthwise_planes.h"
#include "ops/gemm.h"
#include "ops/support/failure.h"

namespace octet::ops {

Im2colShape conv2d_shape(const Shape& x, const Shape& weight, const Conv2dOptions& options) {
  OCTET_CHECK(x.size() == 4 && weight.size() == 4, "conv2d: expected input [N, C, H, W] and weight [K, C/G, R, S], got ", x,
              " and ", weight);
  OCTET_CHECK(x[2] > 0 && x[3] > 0, "conv2d: input ", x, " has images without pixels");
  const Size2 d = options.dilation;
  OCTET_CHECK(std::min(d.h, d.w) > 0 && std::max({d.h, d.w, weight[2], weight[3]}) <= kLargestWindow, "conv2d: dilation ", d,
              " of weight ", weight, ", expected above 0, and both at most ", kLargestWindow);
  const int64_t groups = options.groups;
  OCTET_CHECK(groups > 0 && groups <= std::max<int64_t>(1, weight[0]) && weight[0] % groups == 0, "conv2d: weight ", weight,
              " and ", groups, " groups do not fit: expected a number that divides the outputs");
  OCTET_CHECK(x[1] == weight[1] * groups, "conv2d: input ", x, " and weight ", weight, " do not fit with ", groups,
              " groups: the input needs ", weight[1] * groups, " channels");
  const Size2 kernel{weight[2], weight[3]};
  return {.channels = weight[1],
          .height = x[2],
          .width = x[3],
          .kernel = kernel,
          .stride = options.stride,
          .padding = options.padding,
          .out_height = output_size(x[2], (kernel.h - 1) * d.h + 1, options.stride.h, options.padding.h),
          .out_width = output_size(x[3], (kernel.w - 1) * d.w + 1, options.stride.w, options.padding.w),
          .dilation = d};
}

namespace {

/// Some of the images of one call, one after the other or, on CUDA, all together.
struct Forward {
  const Tensor& x;
  const Tensor& weight;
  const Im2colShape& s;
  int64_t groups;
  float beta;  // 1: y holds the bias
  Tensor& y;

  bool is_pointwise() const { return s.kernel == Size2(1) && s.stride == Size2(1) && s.padding == Size2(0); }

  /// y[first, first + images). `columns` is scratch of images * rows() * cols() floats, of which a pointwise convolution needs
  /// none.
  void operator()(int64_t first, int64_t images, float* columns) const {
    const int64_t N = x.size(0), K = weight.size(0) / groups, x_image = x.numel() / N, y_image = y.numel() / N;
    for (int64_t g = 0; g < groups; ++g) {
      const float* from = x.device_data<float>() + first * x_image + g * s.channels * s.height * s.width;
      if (!is_pointwise()) im2col(from, images, x_image, s, Columns::stacked, columns, x.device());
      // [K/G, C*R*S] x [C*R*S, P*Q], for each image
      gemm({.m = K,
            .n = s.cols(),
            .k = s.rows(),
            .a = weight.device_data<float>() + g * K * s.rows(),
            .b = is_pointwise() ? from : columns,
            .c = y.device_data<float>() + first * y_image + g * K * s.cols(),
            .beta = beta,
            .batch = images,
            .stride_b = is_pointwise() ? x_image : s.rows() * s.cols(),
            .stride_c = y_image},
           x.device());
    }
  }
};

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  for (const Tensor* t : {&x, &weight, &bias})
    OCTET_CHECK(t->dtype() == DType::f32, "conv2d: expected float32, got ", t->dtype(), " ", t->shape());
  const Im2colShape s = conv2d_shape(x.shape(), weight.shape(), options);
  const int64_t N = x.size(0), K = weight.size(0);
  OCTET_CHECK(!bias.defined() || bias.shape() == Shape{K}, "conv2d: bias ", bias.shape(), " for ", K, " output channels");
  check_same_device("conv2d", {&x, &weight, &bias});
  Tensor y({N, K, s.out_height, s.out_width}, DType::f32, x.device());
  if (y.numel() == 0) return y;
  if (is_depthwise(weight, options)) return depthwise_forward(x, weight, bias, s, y), y;
  if (bias.defined()) fill_channels(bias, y);
  const Forward forward{x, weight, s, options.groups, bias.defined() ? 1.0f : 0.0f, y};
  const auto scratch = [&](int64_t images) {
    return Tensor({forward.is_pointwise() ? 0 : images * s.rows() * s.cols()}, DType::f32, x.device());
  };
  if (x.on_cuda()) {
    const int64_t step = forward.is_pointwise() ? N : images_at_a_time(N, s);
    Tensor columns = scratch(step);
    for (int64_t n = 0; n < N; n += step) forward(n, std::min(step, N - n), columns.device_data<float>());
    return y;
  }
  // One image per thread, also when there are fewer of them: OpenBLAS then has one thread for each product, whose sums so depend on
  // OpenBLAS's kernels alone. Training and graphs as they were traced run this; fast ones have InferenceConv2d.
  Failure failure;
#pragma omp parallel
  {
    Tensor columns;
    failure.keep([&] { columns = scratch(1); });
#pragma omp for schedule(dynamic)
    for (int64_t n = 0; n < N; ++n)
      if (!failure.failed()) forward(n, 1, columns.data<float>());
  }
  failure.rethrow();
  return y;
}

}  // namespace octet::ops
