#include "ops/conv/winograd.h"

#include <algorithm>
#include <vector>

#include "ops/cpu/gemm.h"
#include "ops/cpu/winograd_tile.h"
#include "ops/support/failure.h"
#include "ops/support/integers.h"

namespace octet::ops {
namespace {

constexpr int64_t kElements = 36;              // of a tile in the transformed domain
constexpr int64_t kScratchFloats = 2'000'000;  // of one transformed operand: what stays in cache

using cpu::Float4;

/// Tiles of a group of images. `tiles` is rounded up to four; the rest are zeros.
struct Tiling {
  int64_t images, H, W, rows, cols, tiles;

  Tiling(int64_t count, int64_t height, int64_t width)
      : images(count), H(height), W(width), rows(ceil_div(H, 4)), cols(ceil_div(W, 4)), tiles(round_up(count * rows * cols, 4)) {}

  // A plane with a border: image row h is row h + 1. Wide enough to read and write 4 + 4 floats from any tile's column.
  int64_t padded_width() const { return 4 * cols + 4; }
  int64_t padded_size() const { return (4 * rows + 2) * padded_width(); }
  /// Where tile t begins in a buffer of padded planes; tiles beyond the last have the plane of zeros behind them.
  int64_t offset(int64_t t) const {
    const int64_t image = t / (rows * cols), in_image = t % (rows * cols);
    return image * padded_size() + in_image / cols * 4 * padded_width() + in_image % cols * 4;
  }
  /// Floats between transformed elements [channels, tiles]: not a power of two, for 36 addresses in one cache set evict each
  /// other.
  int64_t element_stride(int64_t channels) const { return channels * tiles + 16; }
  size_t buffer_size() const { return static_cast<size_t>((images + 4) * padded_size()); }
};

/// Which channel of which images: image b's plane is at data + b * stride.
struct Planes {
  float* data;
  int64_t stride;
};

void copy_in(const Tiling& t, Planes planes, std::vector<float>& buffer, int64_t border) {
  for (int64_t b = 0; b < t.images; ++b)
    for (int64_t h = 0; h < t.H; ++h)
      std::copy_n(planes.data + b * planes.stride + h * t.W, t.W,
                  buffer.data() + b * t.padded_size() + (h + border) * t.padded_width() + border);
}

void copy_out(const Tiling& t, const std::vector<float>& buffer, Planes planes, int64_t border) {
  for (int64_t b = 0; b < t.images; ++b)
    for (int64_t h = 0; h < t.H; ++h)
      std::copy_n(buffer.data() + b * t.padded_size() + (h + border) * t.padded_width() + border, t.W,
                  planes.data + b * planes.stride + h * t.W);
}

/// Planes -> transformed [36][tiles], elements `element_stride` apart. Transform: InputTransform (from 6x6 windows with border 1)
/// or OutputAdjoint (from 4x4 tiles).
template <class Transform>
void to_elements(const Tiling& t, const std::vector<float>& buffer, float* out, int64_t element_stride) {
  for (int64_t i = 0; i < t.tiles; i += 4) {
    const float* at[4];
    for (int64_t k = 0; k < 4; ++k) at[k] = buffer.data() + t.offset(i + k);
    Float4 tile[36];
    for (int r = 0; r < Transform::kIn; ++r) {
      const int64_t row = r * t.padded_width();
      Float4* d = tile + 6 * r;
      for (int k = 0; k < 4; ++k) d[k] = cpu::load4(at[k] + row);
      cpu::transpose4(d[0], d[1], d[2], d[3]);
      if (Transform::kIn == 4) continue;
      Float4 e[4];
      for (int k = 0; k < 4; ++k) e[k] = cpu::load4(at[k] + row + 4);
      cpu::transpose4(e[0], e[1], e[2], e[3]);
      d[4] = e[0];
      d[5] = e[1];
    }
    cpu::transform_2d<Transform>(tile);
    for (int e = 0; e < 36; ++e) cpu::store4(out + e * element_stride + i, tile[e]);
  }
}

/// Transformed [36][tiles] -> planes: OutputTransform writes 4x4 tiles, InputAdjoint adds 6x6 windows that overlap.
template <class Transform>
void from_elements(const Tiling& t, const float* in, int64_t element_stride, std::vector<float>& buffer) {
  for (int64_t i = 0; i < t.tiles; i += 4) {
    float* at[4];
    for (int64_t k = 0; k < 4; ++k) at[k] = buffer.data() + t.offset(i + k);
    Float4 tile[36];
    for (int e = 0; e < 36; ++e) tile[e] = cpu::load4(in + e * element_stride + i);
    cpu::transform_2d<Transform>(tile);
    for (int r = 0; r < Transform::kOut; ++r) {
      const int64_t row = r * t.padded_width();
      Float4* d = tile + 6 * r;
      cpu::transpose4(d[0], d[1], d[2], d[3]);
      if (Transform::kOut == 4) {
        for (int k = 0; k < 4; ++k) cpu::store4(at[k] + row, d[k]);
        continue;
      }
      Float4 e[4] = {d[4], d[5], Float4{}, Float4{}};
      cpu::transpose4(e[0], e[1], e[2], e[3]);
      for (int k = 0; k < 4; ++k) {
        cpu::store4(at[k] + row, cpu::load4(at[k] + row) + d[k]);
        cpu::store4(at[k] + row + 4, cpu::load4(at[k] + row + 4) + e[k]);
      }
    }
  }
}

/// Floats between transformed elements of a weight, for the same reason.
int64_t weight_stride(int64_t pairs) { return pairs + 16; }

/// U = G g G^T: [K, C, 3, 3] -> [36][K, C], elements weight_stride apart. Four (k, c) pairs at a time.
Tensor transform_weight(const Tensor& weight) {
  const int64_t pairs = weight.size(0) * weight.size(1), stride = weight_stride(pairs);
  Tensor transformed({kElements, stride});
  const float* weights = weight.data<float>();
  float* u = transformed.data<float>();
#pragma omp parallel for
  for (int64_t i = 0; i < pairs; i += 4) {
    const int64_t lanes = std::min<int64_t>(4, pairs - i);
    const float* g = weights + i * 9;
    Float4 tile[36];
    for (int e = 0; e < 9; ++e)
      tile[e / 3 * 6 + e % 3] = lanes == 4 ? Float4{g[e], g[9 + e], g[18 + e], g[27 + e]}
                                           : Float4{g[e], lanes > 1 ? g[9 + e] : 0, lanes > 2 ? g[18 + e] : 0, 0};
    cpu::transform_2d<cpu::WeightTransform>(tile);
    // The last store may run past the pairs, into the gap before the next element, which is then written or never read.
    for (int e = 0; e < 36; ++e) cpu::store4(u + e * stride + i, tile[e]);
  }
  return transformed;
}

/// dg = G^T dU G: [36][K, C] -> [K, C, 3, 3].
Tensor weight_gradient(const Tensor& transformed, const Shape& shape) {
  Tensor dweight(shape);
  const int64_t pairs = shape[0] * shape[1], stride = weight_stride(pairs);
  const float* du = transformed.data<float>();
  float* dg = dweight.data<float>();
#pragma omp parallel for
  for (int64_t i = 0; i < pairs; i += 4) {
    Float4 tile[36];
    for (int e = 0; e < 36; ++e) tile[e] = cpu::load4(du + e * stride + i);
    cpu::transform_2d<cpu::WeightAdjoint>(tile);
    for (int64_t lane = 0; lane < std::min<int64_t>(4, pairs - i); ++lane)
      for (int e = 0; e < 9; ++e) dg[(i + lane) * 9 + e] = tile[e / 3 * 6 + e % 3][lane];
  }
  return dweight;
}

/// All channels of some images -> [36, channels, tiles]. One channel is one thread's.
template <class Transform>
void transform_images(const Tiling& t, Tensor images, float* out) {
  const int64_t channels = images.size(1), border = Transform::kIn == 6 ? 1 : 0;
  Failure failure;
#pragma omp parallel
  {
    std::vector<float> buffer;
    failure.keep([&] { buffer.resize(t.buffer_size()); });
#pragma omp for schedule(dynamic)
    for (int64_t c = 0; c < channels; ++c) {
      if (failure.failed()) continue;
      copy_in(t, {images.data<float>() + c * t.H * t.W, channels * t.H * t.W}, buffer, border);
      to_elements<Transform>(t, buffer, out + c * t.tiles, t.element_stride(channels));
    }
  }
  failure.rethrow();
}

template <class Transform>
void restore_images(const Tiling& t, const float* in, Tensor images) {
  const int64_t channels = images.size(1), border = Transform::kOut == 6 ? 1 : 0;
  Failure failure;
#pragma omp parallel
  {
    std::vector<float> buffer;
    failure.keep([&] { buffer.resize(t.buffer_size()); });
#pragma omp for schedule(dynamic)
    for (int64_t c = 0; c < channels; ++c) {
      if (failure.failed()) continue;
      if (border) std::fill(buffer.begin(), buffer.end(), 0.0f);
      from_elements<Transform>(t, in + c * t.tiles, t.element_stride(channels), buffer);
      copy_out(t, buffer, {images.data<float>() + c * t.H * t.W, channels * t.H * t.W}, border);
    }
  }
  failure.rethrow();
}

/// Images that are worked on together.
int64_t images_together(const Tensor& x, int64_t channels) {
  const int64_t per_image = kElements * channels * ceil_div(x.size(2), 4) * ceil_div(x.size(3), 4);
  return std::clamp<int64_t>(kScratchFloats / std::max<int64_t>(1, per_image), 1, std::max<int64_t>(1, x.size(0)));
}

Tensor scratch(const Tiling& t, int64_t channels) { return Tensor({kElements, t.element_stride(channels)}); }

void check_shapes(const Tensor& x, const Tensor& weight) {
  OCTET_CHECK(winograd_applies(weight.shape(), {.padding = 1}) && x.dim() == 4 && x.size(1) == weight.size(1),
              "conv2d_winograd: input ", x.shape(), " and weight ", weight.shape(), "; expected [N, C, H, W] and [K, C, 3, 3]");
}

}  // namespace

bool winograd_applies(const Shape& weight, const Conv2dOptions& o) {
  return weight.size() == 4 && weight[2] == 3 && weight[3] == 3 && o.stride == Size2(1) && o.padding == Size2(1) &&
         o.groups == 1 && o.dilation == Size2(1);
}

Tensor conv2d_winograd(const Tensor& x, const Tensor& weight) {
  check_shapes(x, weight);
  const Tensor u = transform_weight(weight);
  const int64_t N = x.size(0), C = x.size(1), H = x.size(2), W = x.size(3), K = weight.size(0);
  const int64_t together = images_together(x, std::max(C, K));
  Tensor y({N, K, H, W});
  const Tiling most(std::min(N, together), H, W);
  Tensor v = scratch(most, C), m = scratch(most, K);  // [36, C, tiles], [36, K, tiles]
  for (int64_t n = 0; n < N; n += together) {
    const int64_t end = std::min(N, n + together);
    const Tiling t(end - n, H, W);
    transform_images<cpu::InputTransform>(t, x.slice(n, end), v.data<float>());
#pragma omp parallel for schedule(dynamic)
    for (int64_t e = 0; e < kElements; ++e)
      cpu::gemm(K, t.tiles, C, u.data<float>() + e * weight_stride(K * C), v.data<float>() + e * t.element_stride(C), 0.0f,
                m.data<float>() + e * t.element_stride(K));
    restore_images<cpu::OutputTransform>(t, m.data<float>(), y.slice(n, end));
  }
  return y;
}

Conv2dGradients conv2d_winograd_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, Conv2dWanted wanted) {
  check_shapes(x, weight);
  const int64_t N = x.size(0), C = x.size(1), H = x.size(2), W = x.size(3), K = weight.size(0);
  OCTET_CHECK(dy.shape() == (Shape{N, K, H, W}), "conv2d_winograd_backward: gradient ", dy.shape(), " for an output ",
              Shape{N, K, H, W});
  const int64_t together = images_together(x, std::max(C, K));
  Conv2dGradients d;
  const Tiling most(std::min(N, together), H, W);
  Tensor u, du, v = scratch(most, C), dm = scratch(most, K);
  if (wanted.x) {
    d.x = Tensor(x.shape());
    u = transform_weight(weight);
  }
  if (wanted.weight) du = Tensor({kElements, weight_stride(K * C)});
  for (int64_t n = 0; n < N; n += together) {
    const int64_t end = std::min(N, n + together);
    const Tiling t(end - n, H, W);
    transform_images<cpu::OutputAdjoint>(t, dy.slice(n, end), dm.data<float>());
    if (wanted.weight) transform_images<cpu::InputTransform>(t, x.slice(n, end), v.data<float>());
#pragma omp parallel for schedule(dynamic)
    for (int64_t e = 0; e < kElements; ++e) {
      float *ve = v.data<float>() + e * t.element_stride(C), *dme = dm.data<float>() + e * t.element_stride(K);
      if (wanted.weight) cpu::gemm_nt(K, C, t.tiles, dme, ve, n ? 1.0f : 0.0f, du.data<float>() + e * weight_stride(K * C));
      if (wanted.x) cpu::gemm_tn(C, t.tiles, K, u.data<float>() + e * weight_stride(K * C), dme, 0.0f, ve);  // dV replaces V
    }
    if (wanted.x) restore_images<cpu::InputAdjoint>(t, v.data<float>(), d.x.slice(n, end));
  }
  if (wanted.weight) d.weight = weight_gradient(du, weight.shape());
  return d;
}

}  // namespace octet::ops
