#include "ops/int8/winograd_conv2d.h"

#include <algorithm>

#include "ops/int8/padded_images.h"

namespace octet::ops::int8 {
namespace {

using namespace cpu;

/// Tiles that a thread multiplies in one go: their products with 64 outputs, 36 * 12 * 64 int32, are 108 KiB.
constexpr int64_t kTileBlock = 2 * kWinogradRows;

/// Weights up to this size are read again for every block of tiles, whose transformed windows then never leave the thread's
/// cache. Larger ones are read once for many images: all windows are transformed first, up to kTransformedBytes of them.
constexpr size_t kSmallWeights = 3 << 20;
constexpr int64_t kTransformedBytes = 4 << 20;

struct Tiles {
  int64_t down, across;
  explicit Tiles(const Im2colShape& s)
      : down((s.out_height + kWinogradTile - 1) / kWinogradTile), across((s.out_width + kWinogradTile - 1) / kWinogradTile) {}
  int64_t per_image() const { return down * across; }
};

}  // namespace

bool WinogradConv2d::applies(const Tensor& w, const Conv2dOptions& o, int32_t input_zero_point) {
  return o.groups == 1 && o.stride == Size2(1) && w.size(2) == 3 && w.size(3) == 3 && w.size(1) % 2 == 0 &&
         winograd_is_exact(w, input_zero_point);
}

int64_t WinogradConv2d::tiles(int64_t images, const Im2colShape& shape) { return images * Tiles(shape).per_image(); }

WinogradConv2d::WinogradConv2d(const Tensor& weight, int32_t input_zero_point, const Requantization& r)
    : outputs_(weight.size(0)),
      channels_(weight.size(1)),
      input_zero_point_(input_zero_point),
      weights_(winograd_weights(weight, winograd_kernels().strip)),
      bias_i32_(r.bias_i32),
      bias_f32_(r.bias_f32),
      multiplier_(r.multiplier),
      output_zero_point_(r.zero_point),
      range_(r.range) {
  const auto padded = static_cast<size_t>(weights_.size(1) * winograd_kernels().strip);
  bias_i32_.resize(padded);
  bias_f32_.resize(padded);
  multiplier_.resize(padded);
}

namespace {

/// One call: tile t is number t % per_image of image t / per_image.
struct Job {
  const WinogradKernels& kernels;
  const PaddedImages& images;
  const Tiles grid;
  const WinogradOutput output;
  int64_t C, zero_point, strips, out_height, out_width;
  const int16_t* u;
  uint8_t* y;

  /// Windows of tiles [begin, end) -> v [36, end - begin of a larger range, C]: place_stride values from one place to the next.
  void transform(int64_t begin, int64_t end, int16_t* v, int64_t place_stride) const {
    for (int64_t t = begin; t < end; ++t, v += C) {
      const int64_t tile = t % grid.per_image(), h = tile / grid.across * kWinogradTile, w = tile % grid.across * kWinogradTile;
      kernels.input(images.at(t / grid.per_image(), h, w * C), images.row_stride, C, static_cast<int32_t>(zero_point), v,
                    place_stride);
    }
  }

  /// Outputs of one strip of tiles [begin, end), up to kTileBlock; m: [36, kTileBlock, strip].
  void multiply(int64_t begin, int64_t end, int64_t strip, const int16_t* v, int64_t place_stride, int32_t* m) const {
    const int64_t count = end - begin, K = output.outputs, width = kernels.strip, u_strip = C * width;
    for (int64_t place = 0; place < kWinogradPlaces; ++place)
      for (int64_t t = 0; t < count; t += kWinogradRows)
        kernels.multiply(v + place * place_stride + t * C, static_cast<int>(std::min(kWinogradRows, count - t)), C / 2,
                         u + (place * strips + strip) * u_strip, m + (place * count + t) * width);
    const int64_t first_k = strip * width, end_k = std::min(K, first_k + width);
    for (int64_t t = 0; t < count; ++t) {
      const int64_t tile = (begin + t) % grid.per_image(), n = (begin + t) / grid.per_image();
      const int64_t p = tile / grid.across * kWinogradTile, q = tile % grid.across * kWinogradTile;
      const auto rows = static_cast<int>(std::min(kWinogradTile, out_height - p));
      const auto columns = static_cast<int>(std::min(kWinogradTile, out_width - q));
      for (int64_t k = first_k; k < end_k; k += kWinogradPanel)
        kernels.output(m + t * width + k - first_k, count * width, output, k, static_cast<int>(std::min(kWinogradPanel, K - k)),
                       rows, columns, y + ((n * out_height + p) * out_width + q) * K + k);
    }
  }
};

/// Block by block: transform, then all strips.
void run_by_block(const Job& job, int64_t tiles) {
#pragma omp parallel
  {
    std::vector<int32_t> m(static_cast<size_t>(kWinogradPlaces * kTileBlock * job.kernels.strip));
    std::vector<int16_t> v(static_cast<size_t>(kWinogradPlaces * kTileBlock * job.C));
#pragma omp for schedule(dynamic)
    for (int64_t begin = 0; begin < tiles; begin += kTileBlock) {
      const int64_t end = std::min(tiles, begin + kTileBlock), place_stride = (end - begin) * job.C;
      job.transform(begin, end, v.data(), place_stride);
      for (int64_t strip = 0; strip < job.strips; ++strip) job.multiply(begin, end, strip, v.data(), place_stride, m.data());
    }
  }
}

/// All windows of some images first, then strip by strip.
void run_by_strip(const Job& job, int64_t images) {
  const int64_t T = job.grid.per_image(), C = job.C;
  const int64_t at_once = std::clamp<int64_t>(kTransformedBytes / (kWinogradPlaces * T * C * 2), 1, images);
  Tensor transformed({kWinogradPlaces, at_once * T, C}, DType::i16);
  int16_t* v = transformed.data<int16_t>();
#pragma omp parallel
  {
    std::vector<int32_t> m(static_cast<size_t>(kWinogradPlaces * kTileBlock * job.kernels.strip));
    for (int64_t image = 0; image < images; image += at_once) {
      const int64_t first = image * T, end = std::min(images, image + at_once) * T, place_stride = (end - first) * C;
#pragma omp for
      for (int64_t t = first; t < end; ++t) job.transform(t, t + 1, v + (t - first) * C, place_stride);
#pragma omp for collapse(2) schedule(dynamic)
      for (int64_t strip = 0; strip < job.strips; ++strip)
        for (int64_t begin = first; begin < end; begin += kTileBlock)
          job.multiply(begin, std::min(end, begin + kTileBlock), strip, v + (begin - first) * C, place_stride, m.data());
    }
  }
}

}  // namespace

Tensor WinogradConv2d::operator()(const Tensor& x, const Im2colShape& s) const {
  const Tiles grid(s);
  const int64_t N = x.size(0), K = outputs_;
  const PaddedImages images(x, s.padding, grid.down * kWinogradTile + 2, grid.across * kWinogradTile + 2, input_zero_point_);
  Tensor y({N, s.out_height, s.out_width, K}, DType::quint8);
  const Job job{.kernels = winograd_kernels(),
                .images = images,
                .grid = grid,
                .output = {bias_i32_.data(), bias_f32_.data(), multiplier_.data(), output_zero_point_, range_.qmin, range_.qmax,
                           K, s.out_width * K},
                .C = channels_,
                .zero_point = input_zero_point_,
                .strips = weights_.size(1),
                .out_height = s.out_height,
                .out_width = s.out_width,
                .u = weights_.data<int16_t>(),
                .y = y.data<uint8_t>()};
  if (weights_.nbytes() <= kSmallWeights)
    run_by_block(job, N * grid.per_image());
  else
    run_by_strip(job, N);
  return y;
}

}  // namespace octet::ops::int8
