#include "ops/int8/depthwise_conv2d.h"

#include <algorithm>

#include "ops/support/even_pieces.h"
#include "ops/support/failure.h"
#include "ops/support/scratch.h"
#include "ops/support/shared_work.h"

namespace octet::ops::int8 {
namespace {

/// Interleaved columns of a tile: they stay in the first-level cache, beside the weights.
constexpr int64_t kColumnsBytes = 16 * 1024;

/// One convolution: images, weights, and how the output is cut.
struct Job {
  const cpu::DepthwiseKernel& kernel;
  const cpu::DepthwiseView w;
  const Im2colShape& s;
  int64_t N;
  const uint8_t *x, *x_end;
  uint8_t* y;
  const FollowUp& follow_up;
  uint8_t border[64];  // the zero point, for a block
  EvenPieces tiles;    // of a row of output
  int64_t blocks = ceil_div(w.channels, kernel.block), row_pieces = ceil_div(s.out_height, w.rows);

  Job(const cpu::DepthwiseKernel& k, const cpu::DepthwiseWeights& weights, const Im2colShape& shape, const Tensor& images,
      int32_t zero_point, const FollowUp& what_follows, Tensor& out)
      : kernel(k),
        w(weights.view()),
        s(shape),
        N(images.size(0)),
        x(images.data<uint8_t>()),
        x_end(x + images.numel()),
        y(out.data<uint8_t>()),
        follow_up(what_follows),
        tiles(s.out_width, std::max<int64_t>(1, (kColumnsBytes / (k.column_bytes() * w.row_groups) - w.width) / s.stride.w + 1)) {
    OCTET_CHECK(k.block <= static_cast<int64_t>(sizeof border), "depthwise conv2d: blocks of ", k.block, " channels");
    std::fill_n(border, sizeof border, static_cast<uint8_t>(zero_point));
  }

  int64_t pieces() const { return N * row_pieces * tiles.count * blocks; }
  int64_t columns_of(int64_t pixels) const { return (pixels - 1) * s.stride.w + w.width; }
  int64_t scratch_bytes() const { return columns_of(tiles.length(0)) * kernel.column_bytes() * w.row_groups; }

  /// Piece i: a tile of one output row or two, a block of channels.
  void run(int64_t i, std::byte* scratch) const {
    const int64_t block = i % blocks, t = i / blocks % tiles.count, row = i / blocks / tiles.count;
    const int64_t n = row / row_pieces, p = row % row_pieces * w.rows, q = tiles.start(t), pixels = tiles.length(t);
    const int64_t columns = columns_of(pixels), rows = std::min(w.rows, s.out_height - p), y_row = s.out_width * w.channels;
    const int64_t group_bytes = columns * kernel.column_bytes();
    for (int64_t g = 0; g < w.row_groups; ++g)
      interleave(n, p * s.stride.h - s.padding.h + g * kernel.group, q * s.stride.w - s.padding.w, columns, block,
                 scratch + g * group_bytes);
    const int64_t first = (n * s.out_height + p) * y_row + q * w.channels;
    kernel.multiply(w, {scratch, group_bytes, s.stride.w * kernel.column_bytes(), pixels, rows, y + first, y_row}, block);
    const int64_t c = block * kernel.block, channels = std::min(kernel.block, w.channels - c);
    for (int64_t r = 0; r < rows; ++r) follow_up.apply_to(y, first + r * y_row + c, {pixels, channels, w.channels});
  }

 private:
  /// Columns of which a whole block may be read, where so many bytes are left of the images.
  int64_t whole_columns(int64_t bytes) const { return bytes < kernel.block ? 0 : (bytes - kernel.block) / w.channels + 1; }

  /// A group of rows from h on, `columns` columns from `left` on: those inside the image, and before and behind them the border.
  void interleave(int64_t n, int64_t h, int64_t left, int64_t columns, int64_t block, std::byte* to) const {
    const int64_t begin = std::clamp<int64_t>(-left, 0, columns), end = std::clamp<int64_t>(s.width - left, begin, columns);
    cpu::DepthwiseRows outside{.at = {}, .step = {}, .columns = begin, .whole = begin, .channels = kernel.block};
    std::fill_n(outside.at, outside.kMostRows, border);
    kernel.interleave(outside, to);
    kernel.interleave(inside(n, h, left + begin, end - begin, block), to + begin * kernel.column_bytes());
    outside.columns = outside.whole = columns - end;
    kernel.interleave(outside, to + end * kernel.column_bytes());
  }

  cpu::DepthwiseRows inside(int64_t n, int64_t h, int64_t left, int64_t columns, int64_t block) const {
    const int64_t C = w.channels, first = block * kernel.block;
    cpu::DepthwiseRows rows{
        .at = {}, .step = {}, .columns = columns, .whole = columns, .channels = std::min(kernel.block, C - first)};
    for (int64_t r = 0; r < kernel.group; ++r) {
      const bool is_inside = h + r >= 0 && h + r < s.height;
      rows.at[r] = is_inside ? x + ((n * s.height + h + r) * s.width + left) * C + first : border;
      rows.step[r] = is_inside ? C : 0;
      if (is_inside && rows.channels < kernel.block)  // what lies behind the block's channels is read, but not behind the images
        rows.whole = std::min(rows.whole, whole_columns(x_end - rows.at[r]));
    }
    return rows;
  }
};

}  // namespace

DepthwiseConv2d::DepthwiseConv2d(const Tensor& weight, Size2 stride, int32_t input_zero_point,
                                 const Requantization& requantization, const cpu::DepthwiseKernel& kernel)
    : kernel_(kernel),
      input_zero_point_(input_zero_point),
      weights_(weight, stride.h, input_zero_point, requantization, kernel) {}

Tensor DepthwiseConv2d::operator()(const Tensor& x, const Im2colShape& s, const FollowUp& follow_up) const {
  Tensor y({x.size(0), s.out_height, s.out_width, weights_.channels}, DType::quint8);
  const Job job(kernel_, weights_, s, x, input_zero_point_, follow_up, y);
  SharedWork work(job.pieces());
  Failure failure;
#pragma omp parallel
  failure.keep([&] {
    std::byte* columns = scratch<std::byte>(Scratch::windows, job.scratch_bytes());
    work.run([&](int64_t i) { job.run(i, columns); });
  });
  failure.rethrow();
  return y;
}

}  // namespace octet::ops::int8
