#include "ops/interpolate.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace octet::ops {
namespace {

/// Which two pixels a pixel of the result lies between, and their weights. nearest: one of weight 1.
struct Source {
  int64_t first, second;
  float weight_of_first, weight_of_second;
};

float scale_of(int64_t input, int64_t output, const InterpolateOptions& o, double factor) {
  if (o.mode == InterpolateMode::bilinear && o.align_corners)
    return output > 1 ? static_cast<float>(input - 1) / static_cast<float>(output - 1) : 0.0f;
  if (factor > 0) return static_cast<float>(1.0 / factor);
  return static_cast<float>(input) / static_cast<float>(output);
}

/// One for each row, or column, of the result.
std::vector<Source> sources(int64_t input, int64_t output, const InterpolateOptions& o, double factor) {
  const float scale = scale_of(input, output, o, factor);
  std::vector<Source> all;
  for (int64_t p = 0; p < output; ++p) {
    const auto at = static_cast<float>(p);
    if (o.mode == InterpolateMode::nearest) {
      const int64_t nearest = std::min(static_cast<int64_t>(std::floor(at * scale)), input - 1);
      all.push_back({nearest, nearest, 1, 0});
      continue;
    }
    const float h = o.align_corners ? at * scale : std::max(std::fma(scale, at + 0.5f, -0.5f), 0.0f);
    const int64_t first = std::min(static_cast<int64_t>(h), input - 1);
    const float l = std::clamp(h - static_cast<float>(first), 0.0f, 1.0f);
    all.push_back({first, std::min(first + 1, input - 1), 1 - l, l});
  }
  return all;
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

/// Of all images and both directions.
struct Grid {
  std::vector<Source> rows, cols;
  Grid(Size2 image, Size2 output, const InterpolateOptions& o)
      : rows(sources(image.h, output.h, o, o.size.h ? 0 : o.factor_h)),
        cols(sources(image.w, output.w, o, o.size.w ? 0 : o.factor_w)) {}
};

void check_images(const char* what, const Tensor& x, DType dtype) {
  OCTET_CHECK(x.dim() == 4 && x.dtype() == dtype, what, ": expected ", dtype, " images of 4 dimensions, got ", x.dtype(), " ",
              x.shape());
  OCTET_CHECK(!x.on_cuda(), what, " is not there on a device yet; use the CPU");
}

}  // namespace

Size2 interpolated_size(Size2 image, const InterpolateOptions& o) {
  return {length(image.h, o.size.h, o.factor_h), length(image.w, o.size.w, o.factor_w)};
}

Tensor interpolate(const Tensor& x, const InterpolateOptions& o) {
  check_images("interpolate", x, DType::f32);
  const int64_t planes = x.size(0) * x.size(1), H = x.size(2), W = x.size(3);
  const Size2 out = interpolated_size({H, W}, o);
  const Grid grid({H, W}, out, o);
  Tensor y({x.size(0), x.size(1), out.h, out.w});
#pragma omp parallel for
  for (int64_t i = 0; i < planes * out.h; ++i) {
    const float* plane = x.data<float>() + i / out.h * H * W;
    const Source& r = grid.rows[static_cast<size_t>(i % out.h)];
    const float *above = plane + r.first * W, *below = plane + r.second * W;
    float* to = y.data<float>() + i * out.w;
    if (o.mode == InterpolateMode::nearest) {
      for (const Source& c : grid.cols) *to++ = above[c.first];
      continue;
    }
    for (const Source& c : grid.cols)
      *to++ = r.weight_of_first * (c.weight_of_first * above[c.first] + c.weight_of_second * above[c.second]) +
              r.weight_of_second * (c.weight_of_first * below[c.first] + c.weight_of_second * below[c.second]);
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
  const Grid grid({H, W}, out, o);
  Tensor dx = Tensor::zeros(x);
#pragma omp parallel for
  for (int64_t i = 0; i < planes; ++i) {
    const float* from = dy.data<float>() + i * out.h * out.w;
    float* plane = dx.data<float>() + i * H * W;
    for (const Source& r : grid.rows)
      for (const Source& c : grid.cols) {
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
  float value(int i, int64_t c) const { return static_cast<float>(pixels[i][c]); }
};

/// As PyTorch's vectors compute it, and what is left of the channels.
float in_vectors(const Corners& x, int64_t c, const Source& row, const Source& col) {
  const float above = std::fma(col.weight_of_second, x.value(1, c), col.weight_of_first * x.value(0, c));
  const float below = std::fma(col.weight_of_second, x.value(3, c), col.weight_of_first * x.value(2, c));
  return std::fma(row.weight_of_second, below, row.weight_of_first * above);
}
float alone(const Corners& x, int64_t c, const Source& row, const Source& col) {
  const float above = std::fma(col.weight_of_first, x.value(0, c), col.weight_of_second * x.value(1, c));
  const float below = std::fma(col.weight_of_first, x.value(2, c), col.weight_of_second * x.value(3, c));
  return std::fma(row.weight_of_first, above, row.weight_of_second * below);
}

void bilinear_pixel(const Corners& x, int64_t C, const Source& row, const Source& col, int32_t zero_point, uint8_t* y) {
  const auto z = static_cast<float>(zero_point);
  const int64_t vectors = C / 8 * 8;
  for (int64_t c = 0; c < C; ++c) {
    const float value = c < vectors ? in_vectors(x, c, row, col) : alone(x, c, row, col);
    y[c] = static_cast<uint8_t>(round_to_code(value - z, zero_point, {0, 255}));
  }
}

}  // namespace

Tensor interpolate(const Tensor& x, const InterpolateOptions& o, QParams qparams) {
  check_images("int8 interpolate", x, DType::quint8);
  check_qparams(qparams, DType::quint8, "int8 interpolate");
  const int64_t N = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3);
  const Size2 out = interpolated_size({H, W}, o);
  const Grid grid({H, W}, out, o);
  Tensor y({N, out.h, out.w, C}, DType::quint8);
#pragma omp parallel for
  for (int64_t i = 0; i < N * out.h; ++i) {
    const uint8_t* image = x.data<uint8_t>() + i / out.h * H * W * C;
    const Source& row = grid.rows[static_cast<size_t>(i % out.h)];
    const uint8_t *above = image + row.first * W * C, *below = image + row.second * W * C;
    uint8_t* to = y.data<uint8_t>() + i * out.w * C;
    for (const Source& col : grid.cols) {
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
