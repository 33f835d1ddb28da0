#include "ops/int8/direct_conv2d.h"

#include <algorithm>

#include "ops/conv/padded_images.h"
#include "ops/support/even_pieces.h"
#include "ops/support/integers.h"
#include "ops/support/shared_work.h"

namespace octet::ops::int8 {
namespace {

/// Tiles of output pixels that a thread does in one go: enough to be worth the weights' way from the cache, few enough that two
/// threads share a small image.
constexpr int64_t kBlock = 16;

/// The smallest number of outputs that no kernel computes more of.
constexpr int64_t kFewestOutputs = 16;

/// The weights of `count` groups from `first` on as those of one: weight [K, C/G, R, S] -> [count * K/G, C, R, S], C of which
/// `count` * C/G are in use.
Tensor block_diagonal(const Tensor& weight, int64_t groups, int64_t first, int64_t count, int64_t C) {
  const int64_t outputs = weight.size(0) / groups, channels = weight.size(1), window = weight.size(2) * weight.size(3);
  Tensor all = Tensor::zeros({count * outputs, C, weight.size(2), weight.size(3)}, DType::qint8);
  for (int64_t k = 0; k < count * outputs; ++k)
    std::copy_n(weight.data<int8_t>() + (first * outputs + k) * channels * window, channels * window,
                all.data<int8_t>() + (k * C + k / outputs * channels) * window);
  return all;
}

/// Multiplies all strips of weights with all windows of the images. y [N, P, Q, K].
template <class Images>
void run(const Images& images, const cpu::ConvKernel& kernel, const std::vector<cpu::ConvWeights>& parts, const Im2colShape& s,
         int64_t N, int64_t K, const FollowUp& follow_up, uint8_t* y) {
  const EvenPieces tiles(s.cols(), cpu::ConvTile::kRows);
  const auto count = static_cast<int64_t>(parts.size());
  const int64_t pixels = s.cols(), strips = parts[0].strips.size(0), blocks = ceil_div(tiles.count, kBlock);
  std::vector<cpu::ConvView> views;
  for (const cpu::ConvWeights& part : parts) views.push_back(part.view(K));
  const int64_t strip_bytes = parts[0].strip_bytes();
  SharedWork work(count * strips * N * blocks);
#pragma omp parallel
  {
    images.fill();
    work.run([&](int64_t i) {  // strip by strip: its weights stay in the second-level cache
      const int64_t part = i / (N * blocks) / strips, strip = i / (N * blocks) % strips, n = i / blocks % N, b = i % blocks;
      const cpu::ConvView& view = views[static_cast<size_t>(part)];
      const int64_t begin = b * kBlock, end = std::min(tiles.count, begin + kBlock), first = part * parts[0].outputs;
      const int64_t k = strip * kernel.strip, channels = std::min(kernel.strip, view.outputs - k);
      if (channels <= 0) return;  // the last part has fewer
      const bool fetches = b == blocks - 1 && n == N - 1 && strip + 1 < strips;
      const std::byte* next = static_cast<const std::byte*>(view.strips) + (strip + 1) * strip_bytes;
      for (int64_t t = begin; t < end; ++t) {
        const int64_t pixel = tiles.start(t), at = (n * pixels + pixel) * K + first;
        cpu::ConvTile tile;
        tile.pixels = static_cast<int>(tiles.length(t));
        tile.row_stride = images.row_stride();
        tile.y = y + at;
        images.windows(s, n * count + part, pixel, tile.pixels, tile.windows);
        const int64_t quarter = t - begin - 1;  // the first tile waits for its own weights
        tile.ahead = fetches && quarter >= 0 && quarter < 4 ? next + quarter * strip_bytes / 4 : nullptr;
        kernel.tile(view, tile, strip);
        follow_up.apply_to(y, at + k, {tile.pixels, channels, K});
      }
    });
  }
}

/// The pixels that a 1x1 convolution reads: [N, H, W, C] -> [N, P, Q, C].
Tensor sampled(const Tensor& x, const Im2colShape& s) {
  const int64_t C = x.size(3), row = s.width * C;
  Tensor y({x.size(0), s.out_height, s.out_width, C}, x.dtype());
#pragma omp parallel for
  for (int64_t i = 0; i < x.size(0) * s.out_height; ++i) {
    const std::byte* from = x.bytes() + (i / s.out_height * s.height + i % s.out_height * s.stride.h) * row;
    std::byte* to = y.bytes() + i * s.out_width * C;
    for (int64_t q = 0; q < s.out_width; ++q) std::copy_n(from + q * s.stride.w * C, C, to + q * C);
  }
  return y;
}

}  // namespace

bool DirectConv2d::worthwhile() { return cpu::active_isa().worthwhile.direct; }

DirectConv2d::DirectConv2d(const Tensor& weight, int64_t groups, int32_t input_zero_point, const Requantization& requantization,
                           const cpu::ConvKernel& kernel)
    : kernel_(kernel), input_zero_point_(input_zero_point), outputs_(weight.size(0)) {
  const int64_t outputs = outputs_ / groups, together = std::clamp<int64_t>(kFewestOutputs / outputs, 1, groups);
  part_channels_ = together * weight.size(1);
  for (int64_t g = 0; g < groups; g += together) {
    const int64_t count = std::min(together, groups - g);
    parts_.emplace_back(groups == 1 ? weight : block_diagonal(weight, groups, g, count, part_channels_), input_zero_point,
                        requantization.part(g * outputs, count * outputs), kernel_);
  }
}

Tensor DirectConv2d::operator()(const Tensor& x, const Im2colShape& s, const FollowUp& follow_up) const {
  const bool skips = s.kernel == Size2(1) && s.stride != Size2(1) && s.padding == Size2(0);
  if (skips && kernel_.values != DType::u8) {  // the others would be made int16 for nothing
    Im2colShape dense = s;
    dense.stride = 1;
    dense.height = s.out_height;
    dense.width = s.out_width;
    return (*this)(sampled(x, s), dense, follow_up);
  }
  Im2colShape of_part = s;
  of_part.channels = part_channels_;
  const bool runs_are_whole = parts_[0].run == s.kernel.w * part_channels_;  // otherwise a window's last run reads beyond it
  const int64_t height = s.height + 2 * s.padding.h, width = s.width + 2 * s.padding.w + (runs_are_whole ? 0 : 1);
  const auto zero_point = static_cast<uint8_t>(input_zero_point_);
  Tensor y({x.size(0), s.out_height, s.out_width, outputs_}, DType::quint8);
  const auto run_on = [&](const auto& images) {
    run(images, kernel_, parts_, of_part, x.size(0), outputs_, follow_up, y.data<uint8_t>());
  };
  if (kernel_.values == DType::u8)
    run_on(PaddedImages<uint8_t>(x, part_channels_, s.padding, height, width, zero_point));
  else
    run_on(PaddedImages<int16_t, uint8_t, Border::subtracted>(x, part_channels_, s.padding, height, width, zero_point));
  return y;
}

}  // namespace octet::ops::int8
