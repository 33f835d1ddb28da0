// Channels-last images with a border around them, so that no window needs a test for what lies outside: the direct convolutions
// read these. For convolutions of several groups each image becomes one image per part, which has some groups' channels.
#pragma once

#include <algorithm>
#include <type_traits>

#include "ops/conv/im2col.h"
#include "ops/support/scratch.h"
#include "tensor/tensor.h"

namespace octet::ops {

/// What the copy makes of the border's value: it stands there; or it is subtracted from all values, so that 0 stands there.
enum class Border { filled, subtracted };

/// T: of the copy; X: of the images.
template <class T, class X = T, Border kBorder = Border::filled>
class PaddedImages {
 public:
  /// How x lies in memory; the copy is channels last.
  enum class Layout { channels_last, planes };  // [N, H, W, C], [N, C, H, W]

  /// x -> [N, height, width, C]: `padding` above and on the left of each image, the rest below and on the right, with `border`.
  /// x itself where nothing is to be done; otherwise this thread's scratch, and kSlack bytes behind the last image may be read.
  PaddedImages(const Tensor& x, Size2 padding, int64_t height, int64_t width, X border, Layout layout = Layout::channels_last)
      : PaddedImages(x, x.size(layout == Layout::planes ? 1 : 3), padding, height, width, border, layout) {}

  /// `part` channels to a part: -> [N * parts, height, width, part], each image's parts in turn; the last has the border's value for
  /// channels that there are not.
  PaddedImages(const Tensor& x, int64_t part, Size2 padding, int64_t height, int64_t width, X border,
               Layout layout = Layout::channels_last)
      : values_(reinterpret_cast<const X*>(x.bytes())),
        planes_(layout == Layout::planes),
        pixel_(x.size(planes_ ? 1 : 3)),
        parts_(ceil_div(pixel_, part)),
        N_(x.size(0) * parts_),
        H_(x.size(planes_ ? 2 : 1)),
        W_(x.size(planes_ ? 3 : 2)),
        C_(part),
        padding_(padding),
        height_(height),
        row_stride_(width * C_),
        border_(border) {
    (void)octet::numel({N_, height_, width, C_});  // throws Error for more than a tensor can have
    const bool as_it_is = std::is_same_v<T, X> && !kSubtracts && !planes_ && parts_ == 1 && height == H_ && width == W_;
    if (!as_it_is) padded_ = scratch<T>(Scratch::padded, N_ * height_ * row_stride_ + kSlackValues);
    images_ = as_it_is ? reinterpret_cast<const T*>(x.bytes()) : padded_;
  }

  /// Makes the copy. To be called by all threads of a parallel region, before any of them reads.
  void fill() const {
    if (padded_ == nullptr) return;
    const T border = kSubtracts ? T{} : static_cast<T>(border_);
#pragma omp for
    for (int64_t i = 0; i < N_ * height_; ++i) {
      const int64_t h = i % height_ - padding_.h, left = padding_.w * C_;
      T* row = padded_ + i * row_stride_;
      if (h < 0 || h >= H_) {
        std::fill_n(row, row_stride_, border);
      } else {
        std::fill_n(row, left, border);
        copy_row(i / height_, h, row + left);
        std::fill(row + left + W_ * C_, row + row_stride_, border);
      }
      if (i == N_ * height_ - 1) std::fill_n(row + row_stride_, kSlackValues, border);
    }
  }

  static constexpr size_t kSlack = 64;

  int64_t row_stride() const { return row_stride_; }
  const T* at(int64_t n, int64_t h, int64_t w_times_channels) const {
    return images_ + (n * height_ + h) * row_stride() + w_times_channels;
  }

  /// Pointer: const T* or const void*. First values of the windows of `count` output pixels from `pixel` on (p * Q + q of image
  /// n).
  template <class Pointer>
  void windows(const Im2colShape& s, int64_t n, int64_t pixel, int64_t count, Pointer* to) const {
    int64_t p = pixel / s.out_width, q = pixel % s.out_width;
    for (int64_t m = 0; m < count; ++m) {
      to[m] = at(n, p * s.stride.h, q * s.stride.w * s.channels);
      if (++q < s.out_width) continue;
      q = 0;
      ++p;
    }
  }

 private:
  static constexpr auto kSlackValues = static_cast<int64_t>(kSlack / sizeof(T));
  static constexpr bool kSubtracts = kBorder == Border::subtracted;

  T converted(X value) const { return kSubtracts ? static_cast<T>(value - border_) : static_cast<T>(value); }

  void copy_row(int64_t n, int64_t h, T* to) const {
    if (planes_) {
      for (int64_t c = 0; c < C_; ++c) {
        const X* from = values_ + ((n * C_ + c) * H_ + h) * W_;
        for (int64_t w = 0; w < W_; ++w) to[w * C_ + c] = converted(from[w]);
      }
      return;
    }
    if (parts_ > 1) return copy_row_of_part(n / parts_, n % parts_, h, to);
    const X* from = values_ + (n * H_ + h) * W_ * C_;
    if constexpr (kSubtracts)
      for (int64_t j = 0; j < W_ * C_; ++j) to[j] = converted(from[j]);
    else
      std::copy_n(from, W_ * C_, to);
  }

  void copy_row_of_part(int64_t n, int64_t part, int64_t h, T* to) const {
    const X* from = values_ + (n * H_ + h) * W_ * pixel_ + part * C_;
    const int64_t channels = std::min(C_, pixel_ - part * C_);
    switch (channels) {  // known to the loop, which then is a few instructions
      case 8:
        return copy_channels(
            from, [] { return 8; }, to);
      case 16:
        return copy_channels(
            from, [] { return 16; }, to);
      case 32:
        return copy_channels(
            from, [] { return 32; }, to);
      default:
        return copy_channels(
            from, [&] { return channels; }, to);
    }
  }

  template <class Channels>
  void copy_channels(const X* from, Channels channels, T* to) const {
    for (int64_t w = 0; w < W_; ++w, from += pixel_, to += C_) {
      for (int64_t c = 0; c < channels(); ++c) to[c] = converted(from[c]);
      for (int64_t c = channels(); c < C_; ++c) to[c] = converted(border_);
    }
  }

  const X* values_;
  bool planes_;
  int64_t pixel_, parts_;  // pixel_: channels of all parts
  int64_t N_, H_, W_, C_;
  Size2 padding_;
  int64_t height_, row_stride_;  // row_stride_: values
  X border_;
  T* padded_ = nullptr;  // null: not needed
  const T* images_;
};

}  // namespace octet::ops
