#include "ops/pad.h"

#include <algorithm>
#include <vector>

#include "ops/cuda/gather.h"
#include "ops/options.h"

namespace octet::ops {
namespace {

/// Throws Error for what cannot be.
PadAxis axis(int64_t size, int64_t before, int64_t behind, PadMode mode) {
  const auto fits = [](int64_t n) { return n >= -kLargestWindow && n <= kLargestWindow; };
  const bool sane = fits(before) && fits(behind) && size > 0 && before + size + behind > 0;
  OCTET_CHECK(sane && (mode == PadMode::constant || std::min(before, behind) >= 0), "pad: ", size, " pixels by ", before, " and ",
              behind, ", expected at most ", kLargestWindow, ", below 0 for a constant only, and a pixel that is left");
  OCTET_CHECK(mode != PadMode::reflect || std::max(before, behind) < size, "pad: reflect ", before, " and ", behind, " of ", size,
              " pixels, expected less than these");
  return {size, before, behind, mode};
}

std::vector<int64_t> sources(const PadAxis& axis) {
  std::vector<int64_t> all;
  for (int64_t p = 0; p < axis.padded(); ++p) all.push_back(axis.source(p));
  return all;
}

struct Axes {
  PadAxis rows, cols;
};
Axes axes(const char* what, const Shape& x, const PadOptions& o) {
  OCTET_CHECK(x.size() == 4, what, ": expected images [N, C, H, W], got ", x);
  return {axis(x[2], o.top, o.bottom, o.mode), axis(x[3], o.left, o.right, o.mode)};
}

}  // namespace

Tensor pad(const Tensor& x, const PadOptions& o) {
  const Axes a = axes("pad", x.shape(), o);
  check_dtype("pad", DType::f32, {&x});
  const int64_t planes = x.size(0) * x.size(1), H = x.size(2), W = x.size(3), P = a.rows.padded(), Q = a.cols.padded();
  Tensor y({x.size(0), x.size(1), P, Q}, DType::f32, x.device());
  if (x.on_cuda()) return cuda::pad(x, a.rows, a.cols, o.value, y), y;
  const std::vector<int64_t> rows = sources(a.rows), cols = sources(a.cols);
#pragma omp parallel for
  for (int64_t i = 0; i < planes * P; ++i) {
    const int64_t h = rows[static_cast<size_t>(i % P)];
    const float* row = x.data<float>() + (i / P * H + std::max<int64_t>(h, 0)) * W;
    float* to = y.data<float>() + i * Q;
    for (const int64_t w : cols) *to++ = h == kNoSource || w == kNoSource ? o.value : row[w];
  }
  return y;
}

Tensor pad_backward(const Tensor& dy, const Shape& x, const PadOptions& o) {
  const Axes a = axes("pad_backward", x, o);
  check_dtype("pad_backward", DType::f32, {&dy});
  const int64_t planes = x[0] * x[1], P = a.rows.padded(), Q = a.cols.padded();
  OCTET_CHECK(dy.shape() == (Shape{x[0], x[1], P, Q}), "pad_backward: gradient ", dy.shape(), " for an input ", x);
  Tensor dx = Tensor::zeros(x, DType::f32, dy.device());
  if (dy.on_cuda()) return cuda::pad_backward(dy, a.rows, a.cols, dx), dx;
  const std::vector<int64_t> rows = sources(a.rows), cols = sources(a.cols);
#pragma omp parallel for
  for (int64_t i = 0; i < planes; ++i) {
    const float* from = dy.data<float>() + i * P * Q;
    float* plane = dx.data<float>() + i * x[2] * x[3];
    for (const int64_t h : rows)
      for (const int64_t w : cols) {
        const float d = *from++;
        if (h != kNoSource && w != kNoSource) plane[h * x[3] + w] += d;
      }
  }
  return dx;
}

}  // namespace octet::ops
