#include "ops/cuda/conv2d.h"

#include <algorithm>

#include "ops/cuda/elementwise.h"
#include "ops/cuda/gemm.h"
#include "ops/cuda/im2col.h"

namespace octet::ops::cuda {
namespace {

/// Images whose columns are made at a time: 256 MB of them.
int64_t images_at_a_time(int64_t images, const Im2colShape& s) {
  constexpr int64_t kMostFloats = int64_t{64} << 20;
  return std::clamp<int64_t>(kMostFloats / (s.rows() * s.cols()), 1, std::max<int64_t>(1, images));
}

}  // namespace

void conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Im2colShape& s, int64_t groups, Tensor& y) {
  const int64_t N = x.size(0), K = weight.size(0) / groups;  // of one group
  if (y.numel() == 0) return;
  const int64_t x_image = x.numel() / N, y_image = y.numel() / N, x_group = s.channels * s.height * s.width;
  const bool is_pointwise = s.kernel == Size2(1) && s.stride == Size2(1) && s.padding == Size2(0);
  const int64_t step = is_pointwise ? N : images_at_a_time(N, s);
  Tensor columns;
  if (!is_pointwise) columns = Tensor({step, s.rows(), s.cols()}, DType::f32, Device::cuda);
  if (bias.defined()) fill_channels(bias, y);
  for (int64_t n = 0; n < N; n += step)
    for (int64_t g = 0; g < groups; ++g) {
      const int64_t images = std::min(step, N - n);
      const float* from = x.cuda_data<float>() + n * x_image + g * x_group;
      if (!is_pointwise) im2col(from, images, x_image, s, Columns::stacked, columns.cuda_data<float>());
      // [K/G, C*R*S] x [C*R*S, P*Q], for each image
      gemm({.m = K,
            .n = s.cols(),
            .k = s.rows(),
            .a = weight.cuda_data<float>() + g * K * s.rows(),
            .b = is_pointwise ? from : columns.cuda_data<float>(),
            .c = y.cuda_data<float>() + n * y_image + g * K * s.cols(),
            .beta = bias.defined() ? 1.0f : 0.0f,
            .batch = images,
            .stride_b = is_pointwise ? x_image : s.rows() * s.cols(),
            .stride_c = y_image});
    }
}

void conv2d_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const Im2colShape& s, int64_t groups, Tensor& dx,
                     Tensor& dweight) {
  const int64_t N = x.size(0), K = weight.size(0) / groups;
  if (dy.numel() == 0) return;
  const int64_t x_image = x.numel() / N, y_image = dy.numel() / N, x_group = s.channels * s.height * s.width;
  const int64_t step = images_at_a_time(N, s);
  Tensor columns({s.rows(), step, s.cols()}, DType::f32, Device::cuda);  // X, then dX
  Tensor dy_rows({K, step, s.cols()}, DType::f32, Device::cuda);
  for (int64_t n = 0; n < N; n += step)
    for (int64_t g = 0; g < groups; ++g) {
      const int64_t images = std::min(step, N - n), cols = images * s.cols(), x_at = n * x_image + g * x_group;
      const int64_t w_at = g * K * s.rows();
      side_by_side(dy.cuda_data<float>() + n * y_image + g * K * s.cols(), images, y_image, K, s.cols(),
                   dy_rows.cuda_data<float>());
      if (dweight.defined()) {
        im2col(x.cuda_data<float>() + x_at, images, x_image, s, Columns::side_by_side, columns.cuda_data<float>());
        gemm({.m = K,  // [K/G, images*P*Q] x [C*R*S, images*P*Q]^T
              .n = s.rows(),
              .k = cols,
              .a = dy_rows.cuda_data<float>(),
              .b = columns.cuda_data<float>(),
              .c = dweight.cuda_data<float>() + w_at,
              .beta = 1,
              .transpose_b = true});
      }
      if (!dx.defined()) continue;
      gemm({.m = s.rows(),  // [K/G, C*R*S]^T x [K/G, images*P*Q]
            .n = cols,
            .k = K,
            .a = weight.cuda_data<float>() + w_at,
            .b = dy_rows.cuda_data<float>(),
            .c = columns.cuda_data<float>(),
            .transpose_a = true});
      col2im(columns.cuda_data<float>(), images, x_image, s, dx.cuda_data<float>() + x_at);
    }
}

}  // namespace octet::ops::cuda
