#include "ops/int8/direct_conv2d.h"

#include <omp.h>

#include <algorithm>

#include "ops/cpu/isa.h"
#include "ops/padded_images.h"

namespace octet::ops::int8 {
namespace {

/// Output pixels that a thread does in one go: enough to be worth the weights' way from the cache, few enough that two threads
/// share a small image.
constexpr int64_t kBlock = 16 * cpu::kConvRows;

}  // namespace

bool DirectConv2d::available() { return cpu::use(cpu::Isa::avx512vnni); }

Tensor DirectConv2d::operator()(const Tensor& x, const Im2colShape& s, const Addend& addend) const {
  const cpu::ConvWeights& w = weights_;
  const bool runs_are_whole = w.run == s.kernel.w * s.channels;  // otherwise a window's last run reads beyond it
  const PaddedImages<uint8_t> images(x, s.padding, s.height + 2 * s.padding.h,
                                     s.width + 2 * s.padding.w + (runs_are_whole ? 0 : 1),
                                     static_cast<uint8_t>(input_zero_point_));
  const int64_t N = x.size(0), K = w.outputs, pixels = s.cols(), strips = w.strips.size(0);
  Tensor y({N, s.out_height, s.out_width, K}, DType::quint8);
  const int64_t blocks = (pixels + kBlock - 1) / kBlock;
  uint8_t* py = y.data<uint8_t>();
  const cpu::ConvView view = w.view();
  const int64_t strip_bytes = w.rows * w.run * cpu::kConvStrip, stride_ahead = N * blocks == 1 ? omp_get_max_threads() : 1;
#pragma omp parallel
  {
    images.fill();
#pragma omp for collapse(3) schedule(dynamic)
    for (int64_t strip = 0; strip < strips; ++strip)  // outermost: its weights stay in the second-level cache
      for (int64_t n = 0; n < N; ++n)
        for (int64_t b = 0; b < blocks; ++b) {
          const int64_t end = std::min(pixels, (b + 1) * kBlock);
          for (int64_t pixel = b * kBlock; pixel < end; pixel += cpu::kConvRows) {
            cpu::ConvTile tile;
            tile.pixels = static_cast<int>(std::min<int64_t>(cpu::kConvRows, end - pixel));
            tile.row_stride = images.row_stride();
            tile.y = py + (n * pixels + pixel) * K;
            images.windows(s, n, pixel, tile.pixels, tile.windows);
            const int64_t quarter = (pixel - b * kBlock) / cpu::kConvRows - 1;
            tile.ahead = quarter >= 0 && quarter < 4 && b == blocks - 1 && n == N - 1 && strip + stride_ahead < strips
                             ? view.strips + (strip + stride_ahead) * strip_bytes + quarter * strip_bytes / 4
                             : nullptr;
            cpu::conv_tile_avx512vnni(view, tile, strip);
            const int64_t k = strip * cpu::kConvStrip, channels = std::min(cpu::kConvStrip, K - k);
            for (int64_t m = 0; m < tile.pixels; ++m) addend.add_to(py, (n * pixels + pixel + m) * K + k, channels);
          }
        }
  }
  return y;
}

}  // namespace octet::ops::int8
