// Runs Winograd kernels (ops/cpu/winograd_kernels.h) over channels-last images, on all threads.
//
//   x [N, H, W, C] -> y [N, P, Q, K], 3x3, stride 1. Windows are read where they lie; only those that reach over the border are
// copied, with the border's value around them.
#pragma once

#include <omp.h>

#include <algorithm>

#include "ops/cpu/winograd_kernels.h"
#include "ops/im2col.h"
#include "ops/scratch.h"
#include "tensor/tensor.h"

namespace octet::ops {

/// Tiles of tile x tile output pixels that cover an image.
struct WinogradGrid {
  int64_t down, across;
  WinogradGrid(const Im2colShape& s, int64_t tile)
      : down((s.out_height + tile - 1) / tile), across((s.out_width + tile - 1) / tile) {}
  int64_t per_image() const { return down * across; }
};

/// One call. Tile t is number t % per_image of image t / per_image.
///
/// finish(first, n): called when the n outputs from y[first] on are there, all channels of the strip of some pixels in a row.
template <class Kernels, class Finish>
class WinogradJob {
 public:
  using Input = typename Kernels::Input;
  using Transformed = typename Kernels::Transformed;
  using Product = typename Kernels::Product;

  /// x [images, H, W, C]; zero: what lies outside it; u: transformed weights [strips, places, C, strip] in the kernels' order.
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
        grid_(shape, kernels.tile),
        finish_(std::move(finish)) {}

  void run() const {
    if (u_.nbytes() <= kSmallWeights)
      run_by_block();
    else
      run_by_strip();
  }

 private:
  /// Weights up to this size are read again for every block of tiles, whose transformed windows then never leave the thread's
  /// cache. Larger ones are read once for many images: all windows are transformed first, up to kTransformedBytes of them.
  static constexpr size_t kSmallWeights = 3 << 20;
  static constexpr int64_t kTransformedBytes = 4 << 20;
  /// Tiles that a thread multiplies in one go: their products with 64 outputs, 36 * 24 * 64 values, are 216 KiB.
  static constexpr int64_t kTileBlock = 24;

  /// Values between the end of one place and the next: without them the places of a tile could lie in few sets of the cache.
  static constexpr int64_t kGap = 64 / sizeof(Transformed);

  int64_t C() const { return s_.channels; }
  int64_t strips() const { return (K_ + kernels_.strip - 1) / kernels_.strip; }

  /// Blocks of up to kTileBlock tiles, as many for each thread: block b is tiles [b * tiles / blocks, (b + 1) * tiles / blocks).
  static int64_t blocks_of(int64_t tiles) {
    const int64_t threads = omp_get_max_threads();
    return std::max<int64_t>(1, std::min(tiles, threads * ((tiles + threads * kTileBlock - 1) / (threads * kTileBlock))));
  }

  /// [places, kTileBlock * strip + kGap], of this thread.
  Product* products() const {
    return scratch<Product>(Scratch::products, kernels_.places() * (kTileBlock * kernels_.strip + kGap));
  }
  /// [window, window, C], of this thread.
  Input* window() const { return scratch<Input>(Scratch::windows, kernels_.places() * C()); }

  /// The window of tile t -> v, places place_stride apart.
  void transform(int64_t t, Transformed* v, int64_t place_stride, Input* copy) const {
    const int64_t tile = t % grid_.per_image(), row = s_.width * C();
    const int64_t h = tile / grid_.across * kernels_.tile - s_.padding.h, w = tile % grid_.across * kernels_.tile - s_.padding.w;
    const Input* image = x_ + t / grid_.per_image() * s_.height * row;
    if (h >= 0 && w >= 0 && h + kernels_.window() <= s_.height && w + kernels_.window() <= s_.width) {
      kernels_.input(image + h * row + w * C(), row, C(), zero_, v, place_stride);
      return;
    }
    const int64_t window_row = kernels_.window() * C();
    const int64_t begin = std::clamp<int64_t>(-w, 0, kernels_.window()),  // columns inside: [begin, end)
        end = std::clamp<int64_t>(s_.width - w, begin, kernels_.window());
    for (int64_t r = 0; r < kernels_.window(); ++r) {
      Input* to = copy + r * window_row;
      if (h + r < 0 || h + r >= s_.height) {
        std::fill_n(to, window_row, zero_);
        continue;
      }
      std::fill_n(to, begin * C(), zero_);
      std::copy_n(image + (h + r) * row + (w + begin) * C(), (end - begin) * C(), to + begin * C());
      std::fill(to + end * C(), to + window_row, zero_);
    }
    kernels_.input(copy, window_row, C(), zero_, v, place_stride);
  }

  /// Outputs of one strip of tiles [begin, end), up to kTileBlock.
  void multiply(int64_t begin, int64_t end, int64_t strip, const Transformed* v, int64_t place_stride, Product* m) const {
    const int64_t count = end - begin, width = kernels_.strip, u_strip = C() * width, m_stride = count * width + kGap;
    const int64_t calls = (count + cpu::kWinogradRows - 1) / cpu::kWinogradRows;  // with as many rows each
    const auto* u = reinterpret_cast<const Transformed*>(u_.bytes());
    for (int64_t place = 0; place < kernels_.places(); ++place)
      for (int64_t i = 0; i < calls; ++i) {
        const int64_t t = i * count / calls, rows = (i + 1) * count / calls - t;
        const Transformed* weights = u + (strip * kernels_.places() + place) * u_strip;
        // The next place's weights come from far away, and lie behind these; the first two calls ask for a half each.
        const Transformed* ahead = i < 2 ? weights + u_strip + i * u_strip / 2 : nullptr;
        kernels_.multiply(v + place * place_stride + t * C(), static_cast<int>(rows), C(), weights, ahead,
                          m + place * m_stride + t * width);
      }
    const int64_t first_k = strip * width, end_k = std::min(K_, first_k + width);
    for (int64_t t = 0; t < count; ++t) {
      const int64_t tile = (begin + t) % grid_.per_image(), n = (begin + t) / grid_.per_image();
      const int64_t p = tile / grid_.across * kernels_.tile, q = tile % grid_.across * kernels_.tile;
      const auto rows = static_cast<int>(std::min(kernels_.tile, s_.out_height - p));
      const auto columns = static_cast<int>(std::min(kernels_.tile, s_.out_width - q));
      const int64_t first = ((n * s_.out_height + p) * s_.out_width + q) * K_ + first_k;
      for (int64_t k = first_k; k < end_k; k += cpu::kWinogradPanel)
        kernels_.output(m + t * width + k - first_k, m_stride, output_, k,
                        static_cast<int>(std::min(cpu::kWinogradPanel, K_ - k)), rows, columns, first + k - first_k);
      finish_pixels(first, end_k - first_k, rows, columns);
    }
  }

  void finish_pixels(int64_t first, int64_t channels, int rows, int columns) const {
    for (int64_t row = 0; row < rows; ++row, first += s_.out_width * K_) {
      if (channels == K_)
        finish_(first, columns * K_);
      else
        for (int64_t column = 0; column < columns; ++column) finish_(first + column * K_, channels);
    }
  }

  /// Block by block: transform, then all strips.
  void run_by_block() const {
    const int64_t tiles = images_ * grid_.per_image(), blocks = blocks_of(tiles);
#pragma omp parallel
    {
      auto* v = scratch<Transformed>(Scratch::transformed, kernels_.places() * (kTileBlock * C() + kGap));
      Product* m = products();
      Input* copy = window();
#pragma omp for schedule(dynamic)
      for (int64_t b = 0; b < blocks; ++b) {
        const int64_t begin = b * tiles / blocks, end = (b + 1) * tiles / blocks, place_stride = (end - begin) * C() + kGap;
        for (int64_t t = begin; t < end; ++t) transform(t, v + (t - begin) * C(), place_stride, copy);
        for (int64_t strip = 0; strip < strips(); ++strip) multiply(begin, end, strip, v, place_stride, m);
      }
    }
  }

  /// All windows of some images first, then strip by strip.
  void run_by_strip() const {
    const int64_t T = grid_.per_image(), window_bytes = kernels_.places() * C() * static_cast<int64_t>(sizeof(Transformed));
    const int64_t at_once = std::clamp<int64_t>(kTransformedBytes / (T * window_bytes), 1, images_);
    auto* v = scratch<Transformed>(Scratch::transformed, kernels_.places() * (at_once * T * C() + kGap));  // all threads'
#pragma omp parallel
    {
      Product* m = products();
      Input* copy = window();
      for (int64_t image = 0; image < images_; image += at_once) {
        const int64_t first = image * T, tiles = std::min(images_ - image, at_once) * T, place_stride = tiles * C() + kGap;
        const int64_t blocks = (tiles + kTileBlock - 1) / kTileBlock;
#pragma omp for
        for (int64_t t = 0; t < tiles; ++t) transform(first + t, v + t * C(), place_stride, copy);
#pragma omp for collapse(2) schedule(dynamic)
        for (int64_t strip = 0; strip < strips(); ++strip)
          for (int64_t b = 0; b < blocks; ++b) {
            const int64_t begin = b * tiles / blocks, end = (b + 1) * tiles / blocks;
            multiply(first + begin, first + end, strip, v + begin * C(), place_stride, m);
          }
      }
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
  WinogradGrid grid_;
  Finish finish_;
};

}  // namespace octet::ops
