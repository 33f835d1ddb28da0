#include "ops/conv2d.h"

#include <omp.h>

#include <vector>

#include "ops/cpu/gemm.h"
#include "ops/cuda/conv2d.h"

namespace octet::ops {

Im2colShape conv2d_shape(const Shape& x, const Shape& weight, const Conv2dOptions& options) {
  OCTET_CHECK(x.size() == 4 && weight.size() == 4, "conv2d: expected input [N, C, H, W] and weight [K, C/G, R, S], got ", x,
              " and ", weight);
  const int64_t groups = options.groups;
  OCTET_CHECK(groups > 0 && x[1] == weight[1] * groups && weight[0] % groups == 0, "conv2d: input ", x, " and weight ", weight,
              " do not fit with ", groups, " groups: the input needs ", weight[1] * groups, " channels");
  const Size2 kernel{weight[2], weight[3]};
  return {.channels = weight[1],
          .height = x[2],
          .width = x[3],
          .kernel = kernel,
          .stride = options.stride,
          .padding = options.padding,
          .out_height = output_size(x[2], kernel.h, options.stride.h, options.padding.h),
          .out_width = output_size(x[3], kernel.w, options.stride.w, options.padding.w)};
}

namespace {

/// One image: x [C, H, W] -> y [K, P, Q]. `columns` is scratch of rows() * cols() floats.
void conv2d_image(const float* x, const Im2colShape& s, int64_t groups, const Tensor& weight, const Tensor& bias, float* columns,
                  float* y) {
  const int64_t out_channels = weight.size(0) / groups;  // of one group
  const bool is_pointwise = s.kernel == Size2(1) && s.stride == Size2(1) && s.padding == Size2(0);
  for (int64_t g = 0; g < groups; ++g) {
    const float* xg = x + g * s.channels * s.height * s.width;
    float* yg = y + g * out_channels * s.cols();
    if (bias.defined())
      for (int64_t k = 0; k < out_channels; ++k)
        std::fill_n(yg + k * s.cols(), s.cols(), bias.data<float>()[g * out_channels + k]);
    if (!is_pointwise) im2col(xg, s, 0.0f, columns);
    // [K/G, C*R*S] x [C*R*S, P*Q]
    cpu::gemm(out_channels, s.cols(), s.rows(), weight.data<float>() + g * out_channels * s.rows(), is_pointwise ? xg : columns,
              bias.defined() ? 1.0f : 0.0f, yg);
  }
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  const Im2colShape s = conv2d_shape(x.shape(), weight.shape(), options);
  const int64_t images = x.size(0), out_channels = weight.size(0);
  OCTET_CHECK(!bias.defined() || bias.shape() == Shape{out_channels}, "conv2d: bias ", bias.shape(), " for ", out_channels,
              " output channels");
  check_same_device("conv2d", {&x, &weight, &bias});
  Tensor y({images, out_channels, s.out_height, s.out_width}, DType::f32, x.device());
  if (x.on_cuda()) return cuda::conv2d(x, weight, bias, s, options.groups, y), y;
  const auto run_image = [&](int64_t n, std::vector<float>& columns) {
    conv2d_image(x.data<float>() + n * x.numel() / images, s, options.groups, weight, bias, columns.data(),
                 y.data<float>() + n * y.numel() / images);
  };
  const auto columns_size = static_cast<size_t>(s.rows() * s.cols());
  if (images < omp_get_max_threads()) {  // few images: OpenBLAS uses the threads inside each product
    std::vector<float> columns(columns_size);
    for (int64_t n = 0; n < images; ++n) run_image(n, columns);
    return y;
  }
#pragma omp parallel  // many: one image per thread, each product on one thread
  {
    std::vector<float> columns(columns_size);
#pragma omp for schedule(dynamic)
    for (int64_t n = 0; n < images; ++n) run_image(n, columns);
  }
  return y;
}

}  // namespace octet::ops
