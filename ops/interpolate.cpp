#include "ops/interpolate.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "ops/cuda/gather.h"

namespace octet::ops {
namespace {

float scale_of(int64_t input, int64_t output, const InterpolateOptions& o, double factor) {
  if (o.mode == InterpolateMode::bilinear && o.align_corners)
    return output > 1 ? static_cast<float>(input - 1) / static_cast<float>(output - 1) : 0.0f;
  if (factor > 0) return static_cast<float>(1.0 / factor);
  return static_cast<float>(input) / static_cast<float>(output);
}

ResizeAxis axis(int64_t input, int64_t output, const InterpolateOptions& o, double factor) {
  return {input, output, scale_of(input, output, o, factor), o.mode, o.align_corners};
}

int64_t length(int64_t input, int64_t size, double factor) {
  constexpr int64_t kLargest = kLargestWindow;
  if (size == 0) {
    OCTET_CHECK(std::isfinite(factor) && factor > 0 && factor <= static_cast<double>(kLargest), "interpolate: scale factor ",
                factor, ", expected above 0, at most ", kLargest);
    size = static_cast<int64_t>(std::floor(static_cast<double>(input) * factor));
  }
  OCTET_CHECK(input > 0 && size > 0 && size <= kLargest, "interpolate: ", input, " pixels to ", size, ", expected 1 to ",
              kLargest);
  return size;
}

struct Axes {
  ResizeAxis rows, cols;
};
Axes axes(Size2 image, Size2 output, const InterpolateOptions& o) {
  return {axis(image.h, output.h, o, o.size.h ? 0 : o.factor_h), axis(image.w, output.w, o, o.size.w ? 0 : o.factor_w)};
}

/// The sources of all rows and columns, made once for all images.
struct Grid {
  std::vector<ResizeSource> rows, cols;
  explicit Grid(const Axes& a) {
    for (int64_t p = 0; p < a.rows.output; ++p) rows.push_back(a.rows.source(p));
    for (int64_t q = 0; q < a.cols.output; ++q) cols.push_back(a.cols.source(q));
  }
};

void check_images(const char* what, const Tensor& x, DType dtype) {
  OCTET_CHECK(x.dim() == 4 && x.dtype() == dtype, what, ": expected ", dtype, " images of 4 dimensions, got ", x.dtype(), " ",
              x.shape());
}

}  // namespace

Size2 interpolated_size(Size2 image, const InterpolateOptions& o) {
  return {length(image.h, o.size.h, o.factor_h), length(image.w, o.size.w, o.factor_w)};
}

Tensor interpolate(const Tensor& x, const InterpolateOptions& o) {
  check_images("interpolate", x, DType::f32);
  const int64_t planes = x.size(0) * x.size(1), H = x.size(2), W = x.size(3);
  const Size2 out = interpolated_size({H, W}, o);
  const Axes a = axes({H, W}, out, o);
  Tensor y({x.size(0), x.size(1), out.h, out.w}, DType::f32, x.device());
  if (x.on_cuda()) return cuda::interpolate(x, a.rows, a.cols, y), y;
  const Grid grid(a);
#pragma omp parallel for
  for (int64_t i = 0; i < planes * out.h; ++i) {
    const float* plane = x.data<float>() + i / out.h * H * W;
    const ResizeSource& r = grid.rows[static_cast<size_t>(i % out.h)];
    const float *above = plane + r.first * W, *below = plane + r.second * W;
    float* to = y.data<float>() + i * out.w;
    if (o.mode == InterpolateMode::nearest) {
      for (const ResizeSource& c : grid.cols) *to++ = above[c.first];
      continue;
    }
    for (const ResizeSource& c : grid.cols)
      *to++ = bilinear({above[c.first], above[c.second], below[c.first], below[c.second]}, r, c);
  }
  return y;
}

Tensor interpolate_backward(const Tensor& dy, const Shape& x, const InterpolateOptions& o) {
  check_images("interpolate_backward", dy, DType::f32);
  OCTET_CHECK(x.size() == 4, "interpolate_backward: input ", x);
  const int64_t planes = x[0] * x[1], H = x[2], W = x[3];
  const Size2 out = interpolated_size({H, W}, o);
  OCTET_CHECK(dy.shape() == (Shape{x[0], x[1], out.h, out.w}), "interpolate_backward: gradient ", dy.shape(), " for an input ",
              x);
  const Axes a = axes({H, W}, out, o);
  Tensor dx = Tensor::zeros(x, DType::f32, dy.device());
  if (dy.on_cuda()) return cuda::interpolate_backward(dy, a.rows, a.cols, dx), dx;
  const Grid grid(a);
#pragma omp parallel for
  for (int64_t i = 0; i < planes; ++i) {
    const float* from = dy.data<float>() + i * out.h * out.w;
    float* plane = dx.data<float>() + i * H * W;
    for (const ResizeSource& r : grid.rows)
      for (const ResizeSource& c : grid.cols) {
        const float d = *from++, above = d * r.weight_of_first, below = d * r.weight_of_second;
        plane[r.first * W + c.first] += above * c.weight_of_first;
        plane[r.first * W + c.second] += above * c.weight_of_second;
        plane[r.second * W + c.first] += below * c.weight_of_first;
        plane[r.second * W + c.second] += below * c.weight_of_second;
      }
  }
  return dx;
}

namespace int8 {
namespace {

/// Four pixels of C codes each, in the order above left, above right, below left, below right.
struct Corners {
  const uint8_t* pixels[4];
};

void bilinear_pixel(const Corners& x, int64_t C, const ResizeSource& row, const ResizeSource& col, int32_t zero_point,
                    uint8_t* y) {
  const auto z = static_cast<float>(zero_point);
  const int64_t vectors = C / 8 * 8;
  for (int64_t c = 0; c < C; ++c) {
    float corners[4];
    for (int i = 0; i < 4; ++i) corners[i] = static_cast<float>(x.pixels[i][c]);
    const float value = bilinear_of_codes(corners, row, col, c < vectors);
    y[c] = static_cast<uint8_t>(round_to_code(value - z, zero_point, {0, 255}));
  }
}

}  // namespace

Tensor interpolate(const Tensor& x, const InterpolateOptions& o, QParams qparams) {
  check_images("int8 interpolate", x, DType::quint8);
  check_qparams(qparams, DType::quint8, "int8 interpolate");
  const int64_t N = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3);
  const Size2 out = interpolated_size({H, W}, o);
  const Axes a = axes({H, W}, out, o);
  Tensor y({N, out.h, out.w, C}, DType::quint8, x.device());
  if (x.on_cuda()) return cuda::int8_interpolate(x, a.rows, a.cols, qparams.zero_point, y), y;
  const Grid grid(a);
#pragma omp parallel for
  for (int64_t i = 0; i < N * out.h; ++i) {
    const uint8_t* image = x.data<uint8_t>() + i / out.h * H * W * C;
    const ResizeSource& row = grid.rows[static_cast<size_t>(i % out.h)];
    const uint8_t *above = image + row.first * W * C, *below = image + row.second * W * C;
    uint8_t* to = y.data<uint8_t>() + i * out.w * C;
    for (const ResizeSource& col : grid.cols) {
      if (o.mode == InterpolateMode::nearest)
        std::memcpy(to, above + col.first * C, static_cast<size_t>(C));
      else
        bilinear_pixel({{above + col.first * C, above + col.second * C, below + col.first * C, below + col.second * C}}, C, row,
                       col, qparams.zero_point, to);
      to += C;
    }
  }
  return y;
}

}  // namespace int8
}  // namespace octet::ops
