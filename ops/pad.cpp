#include "ops/pad.h"

#include <algorithm>
#include <vector>

#include "ops/options.h"

namespace octet::ops {
namespace {

constexpr int64_t kNone = -1;

/// For each row, or column, of the result the one of the input that it is a copy of; kNone: of none.
std::vector<int64_t> sources(int64_t size, int64_t before, int64_t behind, PadMode mode) {
  const auto fits = [](int64_t n) { return n >= -kLargestWindow && n <= kLargestWindow; };
  const bool sane = fits(before) && fits(behind) && size > 0 && before + size + behind > 0;
  OCTET_CHECK(sane && (mode == PadMode::constant || std::min(before, behind) >= 0), "pad: ", size, " pixels by ", before, " and ",
              behind, ", expected at most ", kLargestWindow, ", below 0 for a constant only, and a pixel that is left");
  OCTET_CHECK(mode != PadMode::reflect || std::max(before, behind) < size, "pad: reflect ", before, " and ", behind, " of ", size,
              " pixels, expected less than these");
  std::vector<int64_t> all;
  for (int64_t i = -before; i < size + behind; ++i) {
    if (i >= 0 && i < size)
      all.push_back(i);
    else if (mode == PadMode::constant)
      all.push_back(kNone);
    else if (mode == PadMode::replicate)
      all.push_back(i < 0 ? 0 : size - 1);
    else
      all.push_back(i < 0 ? -i : 2 * (size - 1) - i);
  }
  return all;
}

struct Grid {
  std::vector<int64_t> rows, cols;
  Grid(const char* what, const Shape& x, const PadOptions& o) {
    OCTET_CHECK(x.size() == 4, what, ": expected images [N, C, H, W], got ", x);
    rows = sources(x[2], o.top, o.bottom, o.mode);
    cols = sources(x[3], o.left, o.right, o.mode);
  }
};

}  // namespace

Tensor pad(const Tensor& x, const PadOptions& o) {
  const Grid grid("pad", x.shape(), o);
  check_dtype("pad", DType::f32, {&x});
  OCTET_CHECK(!x.on_cuda(), "pad is not there on a device yet; use the CPU");
  const int64_t planes = x.size(0) * x.size(1), H = x.size(2), W = x.size(3), P = std::ssize(grid.rows),
                Q = std::ssize(grid.cols);
  Tensor y({x.size(0), x.size(1), P, Q});
#pragma omp parallel for
  for (int64_t i = 0; i < planes * P; ++i) {
    const int64_t h = grid.rows[static_cast<size_t>(i % P)];
    const float* row = x.data<float>() + (i / P * H + std::max<int64_t>(h, 0)) * W;
    float* to = y.data<float>() + i * Q;
    for (const int64_t w : grid.cols) *to++ = h == kNone || w == kNone ? o.value : row[w];
  }
  return y;
}

Tensor pad_backward(const Tensor& dy, const Shape& x, const PadOptions& o) {
  const Grid grid("pad_backward", x, o);
  check_dtype("pad_backward", DType::f32, {&dy});
  OCTET_CHECK(!dy.on_cuda(), "pad_backward is not there on a device yet; use the CPU");
  const int64_t planes = x[0] * x[1], P = std::ssize(grid.rows), Q = std::ssize(grid.cols);
  OCTET_CHECK(dy.shape() == (Shape{x[0], x[1], P, Q}), "pad_backward: gradient ", dy.shape(), " for an input ", x);
  Tensor dx = Tensor::zeros(x);
#pragma omp parallel for
  for (int64_t i = 0; i < planes; ++i) {
    const float* from = dy.data<float>() + i * P * Q;
    float* plane = dx.data<float>() + i * x[2] * x[3];
    for (const int64_t h : grid.rows)
      for (const int64_t w : grid.cols) {
        const float d = *from++;
        if (h != kNone && w != kNone) plane[h * x[3] + w] += d;
      }
  }
  return dx;
}

}  // namespace octet::ops
