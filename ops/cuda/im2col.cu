#include "ops/cuda/im2col.h"

#include "ops/cuda/divisor.h"
#include "ops/cuda/launch.h"

namespace octet::ops::cuda {
namespace {

struct Geometry {
  Divisor C, H, W, R, S, P, Q, rows, image, stride_h, stride_w;  // rows = C * R * S, image = C * H * W
  int padding_h, padding_w, dilation_h, dilation_w;
  explicit Geometry(const Im2colShape& s)
      : C(static_cast<uint32_t>(s.channels)),
        H(static_cast<uint32_t>(s.height)),
        W(static_cast<uint32_t>(s.width)),
        R(static_cast<uint32_t>(s.kernel.h)),
        S(static_cast<uint32_t>(s.kernel.w)),
        P(static_cast<uint32_t>(s.out_height)),
        Q(static_cast<uint32_t>(s.out_width)),
        rows(static_cast<uint32_t>(s.rows())),
        image(static_cast<uint32_t>(s.channels * s.height * s.width)),
        stride_h(static_cast<uint32_t>(s.stride.h)),
        stride_w(static_cast<uint32_t>(s.stride.w)),
        padding_h(static_cast<int>(s.padding.h)),
        padding_w(static_cast<int>(s.padding.w)),
        dilation_h(static_cast<int>(s.dilation.h)),
        dilation_w(static_cast<int>(s.dilation.w)) {}
};

/// One entry of the columns of one image.
struct Im2col {
  const float* x;
  int64_t image_stride;
  float* columns;
  Geometry g;
  Divisor images;
  bool stacked;
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t q = i % g.Q, p = i / g.Q % g.P, outer = i / g.Q / g.P;
    const uint32_t row = stacked ? outer % g.rows : outer / images, n = stacked ? outer / g.rows : outer % images;
    const uint32_t s = row % g.S, r = row / g.S % g.R, c = row / g.S / g.R;
    const uint32_t h = p * g.stride_h.value + r * static_cast<uint32_t>(g.dilation_h) -
                       static_cast<uint32_t>(g.padding_h);  // before the image: wraps around
    const uint32_t w = q * g.stride_w.value + s * static_cast<uint32_t>(g.dilation_w) - static_cast<uint32_t>(g.padding_w);
    const bool inside = h < g.H.value && w < g.W.value;
    columns[i] = inside ? x[n * image_stride + (c * g.H.value + h) * g.W.value + w] : 0.0f;
  }
};

/// One pixel of one image: what its windows' columns say, by kernel position. No two threads write the same value.
struct Col2im {
  const float* columns;
  float* x;
  int64_t image_stride;
  Geometry g;
  uint32_t images;
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t w = i % g.W, h = i / g.W % g.H, c = i / g.W / g.H % g.C, n = i / g.image;
    float sum = 0;
    for (int r = 0; r < static_cast<int>(g.R.value); ++r) {
      const int top = static_cast<int>(h) + g.padding_h - r * g.dilation_h;
      if (top < 0) continue;
      const uint32_t p = static_cast<uint32_t>(top) / g.stride_h;
      if (p >= g.P.value || p * g.stride_h.value != static_cast<uint32_t>(top)) continue;
      for (int s = 0; s < static_cast<int>(g.S.value); ++s) {
        const int left = static_cast<int>(w) + g.padding_w - s * g.dilation_w;
        if (left < 0) continue;
        const uint32_t q = static_cast<uint32_t>(left) / g.stride_w;
        if (q >= g.Q.value || q * g.stride_w.value != static_cast<uint32_t>(left)) continue;
        const int64_t row = (static_cast<int64_t>(c) * g.R.value + r) * g.S.value + s;
        sum += columns[((row * images + n) * g.P.value + p) * g.Q.value + q];
      }
    }
    x[n * image_stride + i % g.image] = sum;
  }
};

struct SideBySide {
  const float* dy;
  int64_t image_stride;
  Divisor images, pixels;
  float* to;
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t at = i % pixels, n = i / pixels % images, k = i / pixels / images;
    to[i] = dy[n * image_stride + static_cast<int64_t>(k) * pixels.value + at];
  }
};

}  // namespace

void im2col(const float* x, int64_t images, int64_t image_stride, const Im2colShape& shape, Columns order, float* columns) {
  map("im2col", images * shape.rows() * shape.cols(),
      Im2col{x, image_stride, columns, Geometry(shape), static_cast<uint32_t>(images), order == Columns::stacked});
}

void col2im(const float* columns, int64_t images, int64_t image_stride, const Im2colShape& shape, float* x) {
  map("col2im", images * shape.channels * shape.height * shape.width,
      Col2im{columns, x, image_stride, Geometry(shape), static_cast<uint32_t>(images)});
}

void rows_side_by_side(const float* y, int64_t images, int64_t image_stride, int64_t K, int64_t pixels, float* to) {
  map("rows_side_by_side", K * images * pixels,
      SideBySide{y, image_stride, static_cast<uint32_t>(images), static_cast<uint32_t>(pixels), to});
}

}  // namespace octet::ops::cuda
