// A tile of output pixels at a time, for each group:
//   gather      the windows of `count` pixels as code - zero_point     [count, R*S*C/G], int16
//   qgemm       times the packed weights                               [count, R*S*C/G] x [R*S*C/G, K/G] -> [count, K/G], int32
//   requantize  sums to codes of the output (ops/engines/requantize.h) [count, K/G], uint8
// Integer sums are exact, so neither tiles nor threads change a code. PyTorch counterpart: torch.ops.quantized.conv2d.
#include "ops/int8/im2col_conv2d.h"

#include <omp.h>

#include <algorithm>

#include "ops/support/failure.h"
#include "ops/support/integers.h"

namespace octet::ops::int8 {
namespace {

/// [K, C, R, S] -> rows [K][R, S, C], the order in which a channels-last window lies in memory.
std::vector<int8_t> channels_last_rows(const int8_t* w, int64_t outputs, int64_t channels, Size2 kernel) {
  const int64_t window = kernel.h * kernel.w;
  std::vector<int8_t> rows(static_cast<size_t>(outputs * channels * window));
  for (int64_t k = 0; k < outputs; ++k)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t i = 0; i < window; ++i)
        rows[static_cast<size_t>((k * window + i) * channels + c)] = w[(k * channels + c) * window + i];
  return rows;
}

/// Window geometry of one call, in channels-last terms.
struct Windows {
  Im2colShape shape;
  int64_t pixel;          // channels of the whole image: bytes from one position to the next
  int64_t first_channel;  // of the group
  int64_t depth;          // of a packed row, even
  int32_t zero_point;

  /// One im2col row: the window of output pixel (p, q) as code - zero_point, [R, S, C] and the padding to an even depth.
  void gather(const uint8_t* image, int64_t p, int64_t q, int16_t* row) const {
    const Im2colShape& s = shape;
    const int64_t left = q * s.stride.w - s.padding.w;  // columns of the window that lie inside: [begin, end)
    const int64_t begin = std::clamp<int64_t>(-left, 0, s.kernel.w), end = std::clamp<int64_t>(s.width - left, begin, s.kernel.w);
    for (int64_t r = 0; r < s.kernel.h; ++r, row += s.kernel.w * s.channels) {
      const int64_t h = p * s.stride.h - s.padding.h + r;
      if (h < 0 || h >= s.height) {
        std::fill_n(row, s.kernel.w * s.channels, int16_t{0});
        continue;
      }
      const uint8_t* codes = image + (h * s.width + left) * pixel + first_channel;
      std::fill_n(row, begin * s.channels, int16_t{0});
      if (pixel == s.channels)  // one group: the window's row is contiguous
        widen(codes + begin * pixel, (end - begin) * pixel, row + begin * s.channels);
      else
        for (int64_t i = begin; i < end; ++i) widen(codes + i * pixel, s.channels, row + i * s.channels);
      std::fill_n(row + end * s.channels, (s.kernel.w - end) * s.channels, int16_t{0});
    }
    if (depth > s.rows()) *row = 0;
  }

  void widen(const uint8_t* codes, int64_t n, int16_t* out) const {
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<int16_t>(codes[i] - zero_point);
  }
};

/// Output pixels per tile, of `pixels`: their im2col rows stay in the second-level cache, and every thread gets as many.
int64_t tile_rows(int64_t depth, int64_t pixels) {
  constexpr int64_t kTileBytes = 192 * 1024;
  const int64_t largest = std::clamp<int64_t>(kTileBytes / (2 * depth) / 6 * 6, 6, 96), threads = omp_get_max_threads();
  const int64_t rounds = std::max<int64_t>(1, ceil_div(pixels, threads * largest));
  return std::max<int64_t>(1, ceil_div(pixels, threads * rounds));
}

}  // namespace

Im2colConv2d::Im2colConv2d(const Tensor& weight, int64_t groups, int32_t input_zero_point, const Requantization& requantization)
    : input_zero_point_(input_zero_point), outputs_(weight.size(0)), requantization_(requantization) {
  const int64_t outputs = outputs_ / groups, depth = weight.numel() / outputs_;
  for (int64_t g = 0; g < groups; ++g) {
    const int8_t* of_group = weight.data<int8_t>() + g * outputs * depth;
    const auto rows = channels_last_rows(of_group, outputs, weight.size(1), {weight.size(2), weight.size(3)});
    groups_.emplace_back(rows.data(), outputs, depth);
  }
}

Tensor Im2colConv2d::operator()(const Tensor& x, const Im2colShape& shape, const FollowUp& follow_up) const {
  const int64_t N = x.size(0), K = outputs_, pixels = shape.cols(), depth = groups_[0].depth;
  Tensor y({N, shape.out_height, shape.out_width, K}, DType::quint8);
  const uint8_t* px = x.data<uint8_t>();
  uint8_t* py = y.data<uint8_t>();
  const int64_t image_bytes = x.numel() / std::max<int64_t>(1, N), total = N * pixels, tile = tile_rows(depth, total);
  Failure failure;
#pragma omp parallel
  {
    std::vector<int16_t> rows;
    std::vector<int32_t> acc;
    failure.keep([&] {
      rows.resize(static_cast<size_t>(tile * depth));
      acc.resize(static_cast<size_t>(tile * groups_[0].padded_outputs()));
    });
#pragma omp for schedule(dynamic)
    for (int64_t first = 0; first < total; first += tile) {
      if (failure.failed()) continue;
      const int64_t count = std::min(tile, total - first);
      for (size_t g = 0; g < groups_.size(); ++g) {
        const cpu::PackedWeights& w = groups_[g];
        const int64_t first_channel = static_cast<int64_t>(g) * shape.channels,
                      first_output = static_cast<int64_t>(g) * w.outputs;
        const Windows windows{shape, x.size(3), first_channel, depth, input_zero_point_};
        for (int64_t i = 0; i < count; ++i) {
          const int64_t n = (first + i) / pixels, pixel = (first + i) % pixels;
          windows.gather(px + n * image_bytes, pixel / shape.out_width, pixel % shape.out_width, rows.data() + i * depth);
        }
        cpu::qgemm(rows.data(), count, w, acc.data());
        for (int64_t i = 0; i < count; ++i) {
          const int64_t at = (first + i) * K + first_output;
          requantize(acc.data() + i * w.padded_outputs(), requantization_, first_output, w.outputs, py + at);
          follow_up.apply_to(py, at, {1, w.outputs, 0});
        }
      }
    }
  }
  failure.rethrow();
  return y;
}

}  // namespace octet::ops::int8
