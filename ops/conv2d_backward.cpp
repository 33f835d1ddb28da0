// Backward of ops/conv2d.h by the same two building blocks: im2col and matrix products. Images with few pixels are put side by
// side in the columns, so that the products stay large.
#include <omp.h>

#include <algorithm>
#include <vector>

#include "ops/conv2d.h"
#include "ops/cpu/gemm.h"
#include "ops/cuda/channels.h"
#include "ops/cuda/conv2d.h"

namespace octet::ops {
namespace {

constexpr int64_t kColumnsPerProduct = 256;

/// What one thread works with: columns [C*R*S, B*P*Q] (X, then dX), dy of the same images as [K/G, B*P*Q], its own sum of dW.
struct Scratch {
  std::vector<float> columns, dy, dweight;
};

/// B images from [.., K, P*Q] to [K, B*P*Q]; images lie `image_stride` floats apart.
const float* side_by_side(const float* dy, int64_t images, int64_t image_stride, int64_t rows, int64_t cols,
                          std::vector<float>& to) {
  if (images == 1) return dy;
  to.resize(static_cast<size_t>(rows * images * cols));
  for (int64_t b = 0; b < images; ++b)
    for (int64_t k = 0; k < rows; ++k) std::copy_n(dy + b * image_stride + k * cols, cols, to.data() + (k * images + b) * cols);
  return to.data();
}

/// One group of images [0, B): dweight += dy X^T, dx += col2im(W^T dy). dx is null when it is not wanted.
struct GroupBackward {
  const Im2colShape& s;
  int64_t images, out_channels;  // of one group
  int64_t x_stride, dy_stride;   // between images

  void operator()(const float* dy, const float* x, const float* weight, float* dweight, float* dx, Scratch& scratch) const {
    const int64_t cols = images * s.cols();
    float* columns = scratch.columns.data();
    const float* dy_rows = side_by_side(dy, images, dy_stride, out_channels, s.cols(), scratch.dy);
    if (dweight) {
      for (int64_t b = 0; b < images; ++b) im2col(x + b * x_stride, s, 0.0f, columns + b * s.cols(), cols);
      cpu::gemm_nt(out_channels, s.rows(), cols, dy_rows, columns, 1.0f, dweight);
    }
    if (!dx) return;
    cpu::gemm_tn(s.rows(), cols, out_channels, weight, dy_rows, 0.0f, columns);
    for (int64_t b = 0; b < images; ++b) col2im(columns + b * s.cols(), cols, s, dx + b * x_stride);
  }
};

/// The sum of the threads' parts, in the order of the threads.
Tensor sum_of_parts(const std::vector<Scratch>& parts, const Shape& shape) {
  Tensor sum = Tensor::zeros(shape);
  float* out = sum.data<float>();
  const int64_t n = sum.numel();
#pragma omp parallel for
  for (int64_t begin = 0; begin < n; begin += 4096)
    for (const Scratch& part : parts)
      if (!part.dweight.empty())
        for (int64_t i = begin; i < std::min(n, begin + 4096); ++i) out[i] += part.dweight[static_cast<size_t>(i)];
  return sum;
}

}  // namespace

Conv2dGradients conv2d_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const Conv2dOptions& options,
                                Conv2dWanted wanted) {
  const Im2colShape s = conv2d_shape(x.shape(), weight.shape(), options);
  const int64_t N = x.size(0), K = weight.size(0), G = options.groups;
  OCTET_CHECK(dy.shape() == (Shape{N, K, s.out_height, s.out_width}), "conv2d_backward: gradient ", dy.shape(), " for an output ",
              Shape{N, K, s.out_height, s.out_width});
  Conv2dGradients d;
  if (wanted.bias) d.bias = channel_sums(dy);
  check_same_device("conv2d_backward", {&dy, &x, &weight});
  if (wanted.x) d.x = Tensor::zeros(x.shape(), DType::f32, x.device());
  if (!wanted.x && !wanted.weight) return d;
  if (x.on_cuda()) {
    if (wanted.weight) d.weight = Tensor::zeros(weight.shape(), DType::f32, Device::cuda);
    cuda::conv2d_backward(dy, x, weight, s, G, d.x, d.weight);
    return d;
  }

  const int threads = omp_get_max_threads();
  const int64_t per_thread = (N + threads - 1) / threads;
  const int64_t together = std::clamp<int64_t>(kColumnsPerProduct / s.cols(), 1, std::max<int64_t>(1, per_thread));
  const int64_t products = (N + together - 1) / together;
  std::vector<Scratch> scratch(static_cast<size_t>(threads));
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < products; ++i) {
    Scratch& mine = scratch[static_cast<size_t>(omp_get_thread_num())];
    mine.columns.resize(static_cast<size_t>(s.rows() * s.cols() * together));
    if (wanted.weight) mine.dweight.resize(static_cast<size_t>(weight.numel()));
    const int64_t n = i * together;
    const GroupBackward backward{s, std::min(together, N - n), K / G, x.numel() / N, dy.numel() / N};
    for (int64_t g = 0; g < G; ++g) {
      const int64_t x_at = n * backward.x_stride + g * s.channels * s.height * s.width;
      const int64_t dy_at = n * backward.dy_stride + g * backward.out_channels * s.cols();
      const int64_t w_at = g * backward.out_channels * s.rows();
      backward(dy.data<float>() + dy_at, x.data<float>() + x_at, weight.data<float>() + w_at,
               wanted.weight ? mine.dweight.data() + w_at : nullptr, wanted.x ? d.x.data<float>() + x_at : nullptr, mine);
    }
  }
  if (wanted.weight) d.weight = sum_of_parts(scratch, weight.shape());
  return d;
}

Tensor channel_sums(const Tensor& dy) {
  OCTET_CHECK(dy.dim() >= 2, "channel_sums: expected [N, K, ...], got ", dy.shape());
  const int64_t N = dy.size(0), K = dy.size(1), plane = dy.numel() / std::max<int64_t>(1, N * K);
  Tensor sums({K}, DType::f32, dy.device());
  if (dy.on_cuda()) return cuda::channel_sums(dy, sums), sums;
  const float* p = dy.data<float>();
#pragma omp parallel for
  for (int64_t k = 0; k < K; ++k) {
    double sum = 0;
    for (int64_t n = 0; n < N; ++n)
      for (int64_t i = 0; i < plane; ++i) sum += p[(n * K + k) * plane + i];
    sums.data<float>()[k] = static_cast<float>(sum);
  }
  return sums;
}

}  // namespace octet::ops
