// Backward of ops/conv/conv2d.h by the same two building blocks: im2col and matrix products. Images with few pixels are put
// side by side in the columns, so that the products stay large.
#include <omp.h>

#include <algorithm>
#include <vector>

#include "ops/channels.h"
#include "ops/conv/columns.h"
#include "ops/conv/conv2d.h"
#include "ops/conv/depthwise_planes.h"
#include "ops/gemm.h"
#include "ops/support/failure.h"
#include "ops/support/integers.h"

namespace octet::ops {
namespace {

constexpr int64_t kColumnsPerProduct = 256;

/// What one thread, or the device, works with: columns [C*R*S, B*P*Q] (X, then dX), dy of the same images as [K/G, B*P*Q], its
/// own sum of dW.
struct Scratch {
  Tensor columns, dy, dweight;
};

/// B images: dweight += dy X^T, dx = col2im(W^T dy), where they are wanted.
struct Backward {
  const Tensor& dy;
  const Tensor& x;
  const Tensor& weight;
  const Im2colShape& s;
  int64_t groups;
  Conv2dWanted wanted;
  Tensor& dx;  // zero at first

  int64_t out_channels() const { return weight.size(0) / groups; }  // of one group

  /// Makes room for up to `images` at a time.
  void make_room(int64_t images, Scratch& scratch) const {
    if (scratch.columns.defined()) return;
    scratch.columns = Tensor({s.rows() * images * s.cols()}, DType::f32, x.device());
    scratch.dy = Tensor({images > 1 ? out_channels() * images * s.cols() : 0}, DType::f32, x.device());
    if (wanted.weight) scratch.dweight = Tensor::zeros(weight.shape(), DType::f32, x.device());
  }

  void operator()(int64_t first, int64_t images, Scratch& scratch) const {
    const Device device = x.device();
    const int64_t N = x.size(0), x_image = x.numel() / N, dy_image = dy.numel() / N, K = out_channels(), cols = images * s.cols();
    float* columns = scratch.columns.device_data<float>();
    for (int64_t g = 0; g < groups; ++g) {
      const int64_t x_at = first * x_image + g * s.channels * s.height * s.width, w_at = g * K * s.rows();
      const float* dy_rows = dy.device_data<float>() + first * dy_image + g * K * s.cols();
      if (images > 1) {
        rows_side_by_side(dy_rows, images, dy_image, K, s.cols(), scratch.dy.device_data<float>(), device);
        dy_rows = scratch.dy.device_data<float>();
      }
      if (wanted.weight) {
        im2col(x.device_data<float>() + x_at, images, x_image, s, Columns::side_by_side, columns, device);
        gemm({.m = K,  // [K/G, B*P*Q] x [C*R*S, B*P*Q]^T
              .n = s.rows(),
              .k = cols,
              .a = dy_rows,
              .b = columns,
              .c = scratch.dweight.device_data<float>() + w_at,
              .beta = 1,
              .transpose_b = true},
             device);
      }
      if (!wanted.x) continue;
      gemm({.m = s.rows(),  // [K/G, C*R*S]^T x [K/G, B*P*Q]
            .n = cols,
            .k = K,
            .a = weight.device_data<float>() + w_at,
            .b = dy_rows,
            .c = columns,
            .transpose_a = true},
           device);
      col2im(columns, images, x_image, s, dx.device_data<float>() + x_at, device);
    }
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
      if (part.dweight.defined())
        for (int64_t i = begin; i < std::min(n, begin + 4096); ++i) out[i] += part.dweight.data<float>()[i];
  return sum;
}

}  // namespace

Conv2dGradients conv2d_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const Conv2dOptions& options,
                                Conv2dWanted wanted) {
  for (const Tensor* t : {&dy, &x, &weight})
    OCTET_CHECK(t->dtype() == DType::f32, "conv2d_backward: expected float32, got ", t->dtype(), " ", t->shape());
  const Im2colShape s = conv2d_shape(x.shape(), weight.shape(), options);
  const int64_t N = x.size(0), K = weight.size(0), G = options.groups;
  OCTET_CHECK(dy.shape() == (Shape{N, K, s.out_height, s.out_width}), "conv2d_backward: gradient ", dy.shape(), " for an output ",
              Shape{N, K, s.out_height, s.out_width});
  Conv2dGradients d;
  if (wanted.bias) d.bias = channel_sums(dy);
  check_same_device("conv2d_backward", {&dy, &x, &weight});
  if (wanted.x) d.x = Tensor::zeros(x.shape(), DType::f32, x.device());
  if (!wanted.x && !wanted.weight) return d;
  if (is_depthwise(weight, options)) {
    if (wanted.weight) d.weight = Tensor::zeros(weight.shape());
    return depthwise_backward(dy, x, weight, s, d.x, d.weight), d;
  }
  const Backward backward{dy, x, weight, s, G, wanted, d.x};
  if (x.on_cuda()) {
    Scratch scratch;
    const int64_t step = images_at_a_time(N, s);
    backward.make_room(step, scratch);
    for (int64_t n = 0; n < N && dy.numel() > 0; n += step) backward(n, std::min(step, N - n), scratch);
    d.weight = scratch.dweight;
    return d;
  }

  const int threads = omp_get_max_threads();
  const int64_t per_thread = ceil_div(N, threads);
  const int64_t together = std::clamp<int64_t>(kColumnsPerProduct / s.cols(), 1, std::max<int64_t>(1, per_thread));
  const int64_t products = ceil_div(N, together);
  std::vector<Scratch> scratch(static_cast<size_t>(threads));
  Failure failure;
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < products; ++i)
    failure.keep([&] {
      Scratch& mine = scratch[static_cast<size_t>(omp_get_thread_num())];
      backward.make_room(together, mine);
      backward(i * together, std::min(together, N - i * together), mine);
    });
  failure.rethrow();
  if (wanted.weight) d.weight = sum_of_parts(scratch, weight.shape());
  return d;
}

}  // namespace octet::ops
