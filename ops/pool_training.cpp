// The training half of ops/pool.h: max pooling that remembers where the maximum was, and the backward passes.
#include <algorithm>
#include <limits>
#include <vector>

#include "ops/cuda/pool.h"
#include "ops/pool.h"
#include "ops/support/failure.h"

namespace octet::ops {
namespace {

struct Largest {
  float value = -std::numeric_limits<float>::infinity();
  int32_t index = 0;
};

Largest largest_of(const float* plane, int64_t width, AdaptiveWindow rows, AdaptiveWindow cols) {
  Largest best;
  best.index = static_cast<int32_t>(rows.begin * width + cols.begin);
  for (int64_t h = rows.begin; h < rows.end; ++h)
    for (int64_t w = cols.begin; w < cols.end; ++w) {
      const float value = plane[h * width + w];
      if (value > best.value || value != value) best = {value, static_cast<int32_t>(h * width + w)};
    }
  return best;
}

/// One output row: the largest pixel of each column over the window's rows [first, last), then of each window over its columns.
/// Both loops run along W. Among equals the smaller index wins, which is the first in the window.
struct RowMax {
  std::vector<float> value;
  std::vector<int32_t> index;

  void operator()(const float* plane, int64_t W, const MaxWindows& windows, int64_t p, Size2 dilation, float* y,
                  int32_t* indices) {
    const MaxWindow rows = windows.rows(p);
    value.assign(static_cast<size_t>(W), -std::numeric_limits<float>::infinity());
    index.assign(static_cast<size_t>(W), static_cast<int32_t>(rows.begin * W));
    for (int64_t h = rows.begin; h < rows.end; h += dilation.h) {
      const float* row = plane + h * W;
      for (int64_t w = 0; w < W; ++w) {
        const bool better = row[w] > value[static_cast<size_t>(w)] || row[w] != row[w];
        value[static_cast<size_t>(w)] = better ? row[w] : value[static_cast<size_t>(w)];
        index[static_cast<size_t>(w)] = better ? static_cast<int32_t>(h * W + w) : index[static_cast<size_t>(w)];
      }
    }
    for (int64_t q = 0; q < windows.Q(); ++q) {
      const MaxWindow cols = windows.cols(q);
      Largest best{value[static_cast<size_t>(cols.begin)], index[static_cast<size_t>(cols.begin)]};
      for (int64_t w = cols.begin + dilation.w; w < cols.end; w += dilation.w) {
        const Largest other{value[static_cast<size_t>(w)], index[static_cast<size_t>(w)]};
        const bool equal_but_earlier = other.value == best.value && other.index < best.index;
        if (other.value > best.value || other.value != other.value || equal_but_earlier) best = other;
      }
      y[q] = best.value;
      indices[q] = best.index;
    }
  }
};

}  // namespace

MaxPooled max_pool2d_with_indices(const Tensor& x, const MaxPool2dOptions& o) {
  OCTET_CHECK(x.dim() == 4, "max_pool2d: expected input [N, C, H, W], got ", x.shape());
  const int64_t planes = x.size(0) * x.size(1), H = x.size(2), W = x.size(3);
  const MaxWindows windows(o, H, W);
  const int64_t P = windows.P(), Q = windows.Q();
  check_dtype("max_pool2d", DType::f32, {&x});
  OCTET_CHECK(H <= INT32_MAX / std::max<int64_t>(1, W), "max_pool2d: ", x.shape(), ": an index of a pixel is an int32");
  const Shape shape{x.size(0), x.size(1), P, Q};
  MaxPooled pooled{Tensor(shape, DType::f32, x.device()), Tensor(shape, DType::i32, x.device())};
  if (x.on_cuda()) return cuda::max_pool2d(x, o, pooled.y, pooled.indices), pooled;
  Failure failure;
#pragma omp parallel
  {
    RowMax row_max;
#pragma omp for
    for (int64_t i = 0; i < planes * P; ++i)
      failure.keep([&] {
        row_max(x.data<float>() + i / P * H * W, W, windows, i % P, o.dilation, pooled.y.data<float>() + i * Q,
                pooled.indices.data<int32_t>() + i * Q);
      });
  }
  failure.rethrow();
  return pooled;
}

MaxPooled adaptive_max_pool2d_with_indices(const Tensor& x, Size2 output) {
  OCTET_CHECK(x.dim() == 4 && output.h > 0 && output.w > 0 && x.size(2) > 0 && x.size(3) > 0, "adaptive pooling: ", x.shape(),
              " to ", output);
  check_dtype("adaptive_max_pool2d", DType::f32, {&x});
  const int64_t planes = x.size(0) * x.size(1), H = x.size(2), W = x.size(3);
  OCTET_CHECK(H <= INT32_MAX / W, "adaptive_max_pool2d: ", x.shape(), ": an index of a pixel is an int32");
  const Shape shape{x.size(0), x.size(1), output.h, output.w};
  MaxPooled pooled{Tensor(shape, DType::f32, x.device()), Tensor(shape, DType::i32, x.device())};
  if (x.on_cuda()) return cuda::max_pool2d(x, std::nullopt, pooled.y, pooled.indices), pooled;
#pragma omp parallel for
  for (int64_t i = 0; i < planes; ++i)
    for (int64_t p = 0; p < output.h; ++p)
      for (int64_t q = 0; q < output.w; ++q) {
        const Largest best =
            largest_of(x.data<float>() + i * H * W, W, adaptive_window(p, H, output.h), adaptive_window(q, W, output.w));
        const int64_t at = (i * output.h + p) * output.w + q;
        pooled.y.data<float>()[at] = best.value;
        pooled.indices.data<int32_t>()[at] = best.index;
      }
  return pooled;
}

namespace {

/// A gradient [N, C, P, Q] for an input [N, C, H, W]?
bool are_planes_of(const Tensor& dy, const Shape& x) {
  return dy.dim() == 4 && x.size() == 4 && dy.size(0) == x[0] && dy.size(1) == x[1];
}

}  // namespace

Tensor max_pool2d_backward(const Tensor& dy, const Tensor& indices, const Shape& x_shape,
                           const std::optional<MaxPool2dOptions>& windows) {
  OCTET_CHECK(dy.shape() == indices.shape() && are_planes_of(dy, x_shape), "max_pool2d_backward: gradient ", dy.shape(),
              ", indices ", indices.shape(), ", input ", x_shape);
  check_same_device("max_pool2d_backward", {&dy, &indices});
  Tensor dx = Tensor::zeros(x_shape, DType::f32, dy.device());
  if (dy.on_cuda()) return cuda::max_pool2d_backward(dy, indices, windows, dx), dx;
  const int64_t planes = x_shape[0] * x_shape[1], pixels = x_shape[2] * x_shape[3], cells = dy.size(2) * dy.size(3);
  const float* gradient = dy.data<float>();
  const int32_t* index = indices.data<int32_t>();
  float* out = dx.data<float>();
  bool outside = false;
#pragma omp parallel for reduction(|| : outside)
  for (int64_t i = 0; i < planes; ++i)
    for (int64_t o = i * cells; o < (i + 1) * cells; ++o)
      if (index[o] >= 0 && index[o] < pixels)
        out[i * pixels + index[o]] += gradient[o];
      else
        outside = true;
  OCTET_CHECK(!outside, "max_pool2d_backward: an index lies outside of the ", pixels, " pixels of ", x_shape);
  return dx;
}

Tensor avg_pool2d_backward(const Tensor& dy, const Shape& x_shape, const AvgPool2dOptions& o) {
  OCTET_CHECK(are_planes_of(dy, x_shape), "avg_pool2d_backward: gradient ", dy.shape(), ", input ", x_shape);
  check_dtype("avg_pool2d_backward", DType::f32, {&dy});
  const int64_t planes = x_shape[0] * x_shape[1], H = x_shape[2], W = x_shape[3];
  const AvgWindows windows(o, H, W);
  const int64_t P = windows.P(), Q = windows.Q();
  OCTET_CHECK(dy.size(2) == P && dy.size(3) == Q, "avg_pool2d_backward: gradient ", dy.shape(), ", expected ", P, " rows of ", Q);
  Tensor dx = Tensor::zeros(x_shape, DType::f32, dy.device());
  if (dy.on_cuda()) return cuda::avg_pool2d_backward(dy, windows, o, dx), dx;
#pragma omp parallel for
  for (int64_t i = 0; i < planes; ++i)
    for (int64_t p = 0; p < P; ++p)
      for (int64_t q = 0; q < Q; ++q) {
        const AvgWindow window = windows.of(p, q);
        const float part = dy.data<float>()[(i * P + p) * Q + q] / static_cast<float>(window.divisor);
        float* plane = dx.data<float>() + i * H * W;
        for (int64_t h = window.h0; h < window.h1; ++h)
          for (int64_t w = window.w0; w < window.w1; ++w) plane[h * W + w] += part;
      }
  return dx;
}

Tensor adaptive_avg_pool2d_backward(const Tensor& dy, const Shape& x_shape) {
  OCTET_CHECK(are_planes_of(dy, x_shape) && dy.size(2) > 0 && dy.size(3) > 0 && x_shape[2] > 0 && x_shape[3] > 0,
              "adaptive_avg_pool2d_backward: gradient ", dy.shape(), ", input ", x_shape);
  check_dtype("adaptive_avg_pool2d_backward", DType::f32, {&dy});
  Tensor dx = Tensor::zeros(x_shape, DType::f32, dy.device());
  if (dy.on_cuda()) return cuda::adaptive_avg_pool2d_backward(dy, dx), dx;
  const int64_t planes = x_shape[0] * x_shape[1], H = x_shape[2], W = x_shape[3], P = dy.size(2), Q = dy.size(3);
#pragma omp parallel for
  for (int64_t i = 0; i < planes; ++i)
    for (int64_t p = 0; p < P; ++p)
      for (int64_t q = 0; q < Q; ++q) {
        const AdaptiveWindow rows = adaptive_window(p, H, P), cols = adaptive_window(q, W, Q);
        const auto count = static_cast<float>((rows.end - rows.begin) * (cols.end - cols.begin));
        const float part = dy.data<float>()[(i * P + p) * Q + q] / count;
        float* plane = dx.data<float>() + i * H * W;
        for (int64_t h = rows.begin; h < rows.end; ++h)
          for (int64_t w = cols.begin; w < cols.end; ++w) plane[h * W + w] += part;
      }
  return dx;
}

}  // namespace octet::ops
