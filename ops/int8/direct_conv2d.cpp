#include "ops/int8/direct_conv2d.h"

#include <algorithm>

#include "ops/conv/padded_images.h"
#include "ops/cpu/isa.h"
#include "ops/support/even_pieces.h"
#include "ops/support/integers.h"
#include "ops/support/shared_work.h"

namespace octet::ops::int8 {
namespace {

/// Tiles of output pixels that a thread does in one go: enough to be worth the weights' way from the cache, few enough that two
/// threads share a small image.
constexpr int64_t kBlock = 16;

/// Multiplies all strips of weights with all windows of the images.
template <class Images>
void run(const Images& images, const cpu::ConvKernel& kernel, const cpu::ConvWeights& w, const Im2colShape& s, int64_t N,
         const Addend& addend, uint8_t* y) {
  const EvenPieces tiles(s.cols(), cpu::ConvTile::kRows);
  const int64_t K = w.outputs, pixels = s.cols(), strips = w.strips.size(0), blocks = ceil_div(tiles.count, kBlock);
  const cpu::ConvView view = w.view();
  const auto weights_of = [&](int64_t strip) { return static_cast<const std::byte*>(view.strips) + strip * w.strip_bytes(); };
  SharedWork work(strips * N * blocks);
#pragma omp parallel
  {
    images.fill();
    work.run([&](int64_t i) {  // strip by strip: its weights stay in the second-level cache
      const int64_t strip = i / (N * blocks), n = i / blocks % N, b = i % blocks;
      const int64_t begin = b * kBlock, end = std::min(tiles.count, begin + kBlock);
      const bool fetches = b == blocks - 1 && n == N - 1 && strip + 1 < strips;
      for (int64_t t = begin; t < end; ++t) {
        const int64_t pixel = tiles.start(t);
        cpu::ConvTile tile;
        tile.pixels = static_cast<int>(tiles.length(t));
        tile.row_stride = images.row_stride();
        tile.y = y + (n * pixels + pixel) * K;
        images.windows(s, n, pixel, tile.pixels, tile.windows);
        const int64_t quarter = t - begin - 1;  // the first tile waits for its own weights
        tile.ahead = fetches && quarter >= 0 && quarter < 4 ? weights_of(strip + 1) + quarter * w.strip_bytes() / 4 : nullptr;
        kernel.tile(view, tile, strip);
        const int64_t k = strip * kernel.strip, channels = std::min(kernel.strip, K - k);
        addend.add_to(y, (n * pixels + pixel) * K + k, {tile.pixels, channels, K});
      }
    });
  }
}

/// The pixels that a 1x1 convolution reads: [N, H, W, C] -> [N, P, Q, C].
Tensor sampled(const Tensor& x, const Im2colShape& s) {
  Tensor y({x.size(0), s.out_height, s.out_width, s.channels}, x.dtype());
  const int64_t row = s.width * s.channels;
#pragma omp parallel for
  for (int64_t i = 0; i < x.size(0) * s.out_height; ++i) {
    const std::byte* from = x.bytes() + (i / s.out_height * s.height + i % s.out_height * s.stride.h) * row;
    std::byte* to = y.bytes() + i * s.out_width * s.channels;
    for (int64_t q = 0; q < s.out_width; ++q) std::copy_n(from + q * s.stride.w * s.channels, s.channels, to + q * s.channels);
  }
  return y;
}

}  // namespace

bool DirectConv2d::worthwhile() { return cpu::active_isa().worthwhile.direct; }

DirectConv2d::DirectConv2d(const Tensor& weight, int32_t input_zero_point, const Requantization& requantization)
    : kernel_(*cpu::kernels().qconv),
      input_zero_point_(input_zero_point),
      weights_(weight, input_zero_point, requantization, kernel_) {}

Tensor DirectConv2d::operator()(const Tensor& x, const Im2colShape& s, const Addend& addend) const {
  const bool skips = s.kernel == Size2(1) && s.stride != Size2(1) && s.padding == Size2(0);
  if (skips && kernel_.values != DType::u8) {  // the others would be made int16 for nothing
    Im2colShape dense = s;
    dense.stride = 1;
    dense.height = s.out_height;
    dense.width = s.out_width;
    return (*this)(sampled(x, s), dense, addend);
  }
  const bool runs_are_whole = weights_.run == s.kernel.w * s.channels;  // otherwise a window's last run reads beyond it
  const int64_t height = s.height + 2 * s.padding.h, width = s.width + 2 * s.padding.w + (runs_are_whole ? 0 : 1);
  const auto zero_point = static_cast<uint8_t>(input_zero_point_);
  Tensor y({x.size(0), s.out_height, s.out_width, weights_.outputs}, DType::quint8);
  if (kernel_.values == DType::u8)
    run(PaddedImages<uint8_t>(x, s.padding, height, width, zero_point), kernel_, weights_, s, x.size(0), addend,
        y.data<uint8_t>());
  else
    run(PaddedImages<int16_t, uint8_t, Border::subtracted>(x, s.padding, height, width, zero_point), kernel_, weights_, s,
        x.size(0), addend, y.data<uint8_t>());
  return y;
}

}  // namespace octet::ops::int8
