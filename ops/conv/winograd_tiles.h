// Runs Winograd kernels (ops/cpu/winograd_kernels.h) over channels-last images, on all threads.
//
//   x [N, H, W, C] -> y [N, P, Q, K], 3x3, stride 1. Windows are read where they lie; those that reach over the border by a table
// of their pixels, in which those outside are all one pixel of the border's value.
//
// An example: 14 x 14 outputs in 4x4 tiles, C = K = 256, 4.5 MiB of weights (36 places * 256 * 256 of int16), two threads.
// The 14 rows and columns are cut into 4, 4, 3 and 3, so one image has 16 tiles, each of one of four kinds:
//
//                4   4 | 3   3  wide     the tiles of two images, in the order in which they are numbered:
//        4 high  w   w | a   a             a  short across      0..7     30 places of 36
//        4       w   w | a   a             w  whole             8..15    36
//        ---------------------             d  short down       16..23    30
//        3       d   d | b   b             b  short both ways  24..31    25
//        3       d   d | b   b
//
// A tile of full height (a, w) needs the last row of places, a tile of full width (w, d) the last column
// (ops/conv/winograd_grid.h). There are three ways to go through tiles and strips of weights:
//   run_one_block   for one image: each thread transforms all 16 windows for itself, and the threads share the strips
//   run_by_strip    for two images: the threads share first the 32 windows, then strips times two blocks of 16 tiles. The second
//                   block, 16..31, has no tile of full height, so it leaves out the last row of places: 30 of 36
//   run_by_block    for three images and more, 48 tiles: each thread transforms a block of 24 and multiplies it by all strips
#pragma once

#include <omp.h>

#include <algorithm>

#include "ops/conv/winograd_grid.h"
#include "ops/cpu/winograd_kernels.h"
#include "ops/support/failure.h"
#include "ops/support/integers.h"
#include "ops/support/scratch.h"
#include "ops/support/shared_work.h"
#include "tensor/tensor.h"

namespace octet::ops {

/// One call.
///
/// finish(first, pixels, channels): called when the outputs from y[first] on are there, `channels` of each of some pixels in a
/// row.
template <class Kernels, class Finish>
class WinogradJob {
 public:
  using Input = typename Kernels::Input;
  using Transformed = typename Kernels::Transformed;
  using Product = typename Kernels::Product;
  using Tile = WinogradGrid::Tile;

  /// x [images, H, W, C]; zero: what lies outside it; u, which run() reads: transformed weights [strips, places, C, strip] in
  /// the kernels' order.
  WinogradJob(const Kernels& kernels, const Input* x, int64_t images, const Im2colShape& shape, Input zero, const Tensor& u,
              const typename Kernels::Output& output, int64_t outputs, Finish finish)
      : kernels_(kernels),
        x_(x),
        images_(images),
        s_(shape),
        zero_(zero),
        u_(u),
        output_(output),
        K_(outputs),
        finish_(std::move(finish)) {}

  void run() const {
    const int64_t tiles = images_ * tiles_per_image();
    if (u_.nbytes() <= kSmallWeights || (u_.nbytes() <= kMediumWeights && tiles >= omp_get_max_threads() * kTileBlock))
      run_by_block();
    else if (tiles <= kTileBlock)
      run_one_block([&](const WinogradGrid& grid, int64_t strip, const Transformed* v, int64_t place_stride, Product* m,
                        int64_t m_stride) { multiply(grid, 0, grid.tiles(), strip, v, place_stride, m, m_stride); });
    else
      run_by_strip();
  }

  /// One block of up to kTileBlock tiles, strip by strip. Each thread transforms all windows for itself: faster than to wait for
  /// the others, and then for their windows to come from their caches.
  ///
  /// multiply(grid, strip, v, place_stride, m, m_stride): the products of the grid's tiles v[place * place_stride + t * C + c]
  /// with a strip of weights -> m[place * m_stride + t * strip + k]. There is room for a multiple of kRoom tiles in both.
  template <class Multiply>
  void run_one_block(const Multiply& multiply) const {
    const WinogradGrid grid(0, images_, s_, kernels_.tile);
    const int64_t tiles = grid.tiles(), room = round_up(tiles, kRoom);
    const int64_t place_stride = room * C() + kGap, m_stride = room * kernels_.strip + kGap;
    SharedWork work(strips());
    Failure failure;
#pragma omp parallel
    failure.keep([&] {
      auto* v = scratch<Transformed>(Scratch::transformed, kernels_.places() * place_stride);
      Product* m = products();
      const Input* nothing = outside();
      for (int64_t t = 0; t < tiles; ++t) transform(grid.at(t), nothing, v + t * C(), place_stride);
      work.run([&](int64_t strip) {
        multiply(grid, strip, v, place_stride, m, m_stride);
        finish(grid, 0, tiles, strip, m, m_stride);
      });
    });
    failure.rethrow();
  }

  /// Tiles that a thread multiplies in one go: their products with 64 outputs, 36 * 24 * 64 values, are 216 KiB.
  static constexpr int64_t kTileBlock = 24;
  static constexpr int64_t kRoom = 4;  // tiles

 private:
  /// Weights up to these sizes are read again for every block of tiles, whose transformed windows then never leave the thread's
  /// cache: small ones always, medium ones if each thread has a whole block. Larger ones are read once for some images: all
  /// windows are transformed first, up to kTransformedBytes of them.
  static constexpr size_t kSmallWeights = 3 << 20, kMediumWeights = 6 << 20;
  static constexpr int64_t kTransformedBytes = 5 << 19;

  /// Values between the end of one place and the next: without them the places of a tile could lie in few sets of the cache.
  static constexpr int64_t kGap = 64 / sizeof(Transformed);

  int64_t C() const { return s_.channels; }
  int64_t tiles_per_image() const { return winograd_tiles(s_, kernels_.tile); }
  int64_t strips() const { return ceil_div(K_, kernels_.strip); }

  /// Blocks of up to kTileBlock tiles, as many for each thread: block b is tiles [b * tiles / blocks, (b + 1) * tiles / blocks).
  static int64_t blocks_of(int64_t tiles) {
    const int64_t threads = omp_get_max_threads();
    return std::max<int64_t>(1, std::min(tiles, threads * ceil_div(tiles, threads * kTileBlock)));
  }

  /// [places, kTileBlock * strip + kGap], of this thread.
  Product* products() const {
    return scratch<Product>(Scratch::products, kernels_.places() * (kTileBlock * kernels_.strip + kGap));
  }
  /// A pixel outside of the images, of this thread: C times zero.
  Input* outside() const {
    Input* pixel = scratch<Input>(Scratch::outside, C());
    std::fill_n(pixel, C(), zero_);
    return pixel;
  }

  /// The window of one tile -> v, places place_stride apart.
  void transform(const Tile& tile, const Input* outside, Transformed* v, int64_t place_stride) const {
    const int64_t row = s_.width * C(), h = tile.p - s_.padding.h, w = tile.q - s_.padding.w, size = kernels_.window();
    const Input* image = x_ + tile.image * s_.height * row;
    if (h >= 0 && w >= 0 && h + size <= s_.height && w + size <= s_.width) {
      kernels_.input(image + h * row + w * C(), row, C(), zero_, v, place_stride);
      return;
    }
    const Input* pixels[cpu::kWinogradMostPlaces];
    for (int64_t r = 0; r < size; ++r) {
      const bool row_inside = h + r >= 0 && h + r < s_.height;
      const Input* line = image + (h + r) * row + w * C();
      for (int64_t c = 0; c < size; ++c)
        pixels[r * size + c] = row_inside && w + c >= 0 && w + c < s_.width ? line + c * C() : outside;
    }
    kernels_.border_input(pixels, C(), zero_, v, place_stride);
  }

  /// Which tiles of a block are multiplied at one place.
  struct PlaceTiles {
    int64_t place, begin, end;
  };
  /// The places that a block of `count` tiles from `begin` on needs; how many.
  int64_t places_of(const WinogradGrid& grid, int64_t begin, int64_t count, PlaceTiles* needed) const {
    const int64_t size = kernels_.window();
    int64_t n = 0;
    for (int64_t place = 0; place < size * size; ++place) {
      const auto range = grid.needing(place / size == size - 1, place % size == size - 1);
      const int64_t first = std::max<int64_t>(range.begin - begin, 0), last = std::min(range.end - begin, count);
      if (first < last) needed[n++] = {place, first, last};
    }
    return n;
  }

  /// Products of tiles [begin, end), up to kTileBlock, with one strip: m[place * m_stride + (t - begin) * strip + k].
  void multiply(const WinogradGrid& grid, int64_t begin, int64_t end, int64_t strip, const Transformed* v, int64_t place_stride,
                Product* m, int64_t m_stride) const {
    const int64_t width = kernels_.strip, u_place = C() * width;
    const auto* u = reinterpret_cast<const Transformed*>(u_.bytes()) + strip * kernels_.places() * u_place;
    PlaceTiles needed[cpu::kWinogradMostPlaces];
    const int64_t places = places_of(grid, begin, end - begin, needed);
    for (int64_t n = 0; n < places; ++n) {
      const auto [place, first, last] = needed[n];
      // The next place's weights come from far away; the first two calls ask for a half each. Behind the last place of a strip
      // lies the next strip.
      const Transformed* next = u + (n + 1 < places ? needed[n + 1].place : kernels_.places()) * u_place;
      const int64_t calls = ceil_div(last - first, cpu::kWinogradRows);  // with about as many rows each
      for (int64_t i = 0; i < calls; ++i) {
        const int64_t t = first + i * (last - first) / calls, rows = first + (i + 1) * (last - first) / calls - t;
        kernels_.multiply(v + place * place_stride + t * C(), static_cast<int>(rows), C(), u + place * u_place,
                          i < 2 ? next + i * u_place / 2 : nullptr, m + place * m_stride + t * width);
      }
    }
  }

  /// Products of tiles [begin, end) with one strip -> outputs.
  void finish(const WinogradGrid& grid, int64_t begin, int64_t end, int64_t strip, const Product* m, int64_t m_stride) const {
    const int64_t width = kernels_.strip, first_k = strip * width, end_k = std::min(K_, first_k + width);
    for (int64_t t = begin; t < end; ++t) {
      const Tile tile = grid.at(t);
      const int64_t first = ((tile.image * s_.out_height + tile.p) * s_.out_width + tile.q) * K_ + first_k;
      for (int64_t k = first_k; k < end_k; k += cpu::kWinogradPanel)
        kernels_.output(m + (t - begin) * width + k - first_k, m_stride, output_, k,
                        static_cast<int>(std::min(cpu::kWinogradPanel, K_ - k)), tile.rows, tile.columns, first + k - first_k);
      for (int64_t row = 0; row < tile.rows; ++row) finish_(first + row * s_.out_width * K_, tile.columns, end_k - first_k);
    }
  }

  /// Outputs of tiles [begin, end), up to kTileBlock, and one strip.
  void run_block(const WinogradGrid& grid, int64_t begin, int64_t end, int64_t strip, const Transformed* v, int64_t place_stride,
                 Product* m) const {
    const int64_t m_stride = (end - begin) * kernels_.strip + kGap;
    multiply(grid, begin, end, strip, v, place_stride, m, m_stride);
    finish(grid, begin, end, strip, m, m_stride);
  }

  /// Block by block: transform, then all strips.
  void run_by_block() const {
    const WinogradGrid grid(0, images_, s_, kernels_.tile);
    const int64_t blocks = blocks_of(grid.tiles());
    SharedWork work(blocks);
    Failure failure;
#pragma omp parallel
    failure.keep([&] {
      auto* v = scratch<Transformed>(Scratch::transformed, kernels_.places() * (kTileBlock * C() + kGap));
      Product* m = products();
      const Input* nothing = outside();
      work.run([&](int64_t b) {
        const int64_t begin = b * grid.tiles() / blocks, end = (b + 1) * grid.tiles() / blocks,
                      place_stride = (end - begin) * C() + kGap;
        for (int64_t t = begin; t < end; ++t) transform(grid.at(t), nothing, v + (t - begin) * C(), place_stride);
        for (int64_t strip = 0; strip < strips(); ++strip) run_block(grid, begin, end, strip, v, place_stride, m);
      });
    });
    failure.rethrow();
  }

  /// All windows of some images first, then strip by strip.
  void run_by_strip() const {
    const int64_t window_bytes = kernels_.places() * C() * static_cast<int64_t>(sizeof(Transformed));
    const int64_t most = std::max<int64_t>(kTransformedBytes / (tiles_per_image() * window_bytes), 1),  // images at once
        parts = ceil_div(images_, most);
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t first = part * images_ / parts, end = (part + 1) * images_ / parts;
      const WinogradGrid grid(first, end - first, s_, kernels_.tile);
      const int64_t tiles = grid.tiles(), place_stride = tiles * C() + kGap, blocks = ceil_div(tiles, kTileBlock);
      auto* v = scratch<Transformed>(Scratch::transformed, kernels_.places() * place_stride);  // all threads'
      SharedWork work(strips() * blocks);
      Failure failure;
#pragma omp parallel
      {
        Product* m = nullptr;
        const Input* nothing = nullptr;
        failure.keep([&] { m = products(), nothing = outside(); });
#pragma omp barrier
        const bool failed = failure.failed();
#pragma omp for
        for (int64_t t = 0; t < tiles; ++t)
          if (!failed) transform(grid.at(t), nothing, v + t * C(), place_stride);
        if (!failed)
          work.run([&](int64_t i) {
            const int64_t b = i % blocks, begin = b * tiles / blocks, end = (b + 1) * tiles / blocks;
            run_block(grid, begin, end, i / blocks, v + begin * C(), place_stride, m);
          });
      }
      failure.rethrow();
    }
  }

  const Kernels& kernels_;
  const Input* x_;
  int64_t images_;
  const Im2colShape& s_;
  Input zero_;
  const Tensor& u_;
  typename Kernels::Output output_;
  int64_t K_;
  Finish finish_;
};

}  // namespace octet::ops
