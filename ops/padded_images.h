// Channels-last images with a border around them, so that no window needs a test for what lies outside: the direct convolutions
// read these.
#pragma once

#include <algorithm>
#include <type_traits>

#include "ops/im2col.h"
#include "ops/scratch.h"
#include "tensor/tensor.h"

namespace octet::ops {

/// T: of the copy; X: of the images.
template <class T, class X = T>
class PaddedImages {
 public:
  /// x [N, H, W, C] -> [N, height, width, C]: `padding` above and on the left of each image, the rest below and on the right,
  /// with `border`. If T is not X, the border is subtracted: the copy's is 0. x itself where nothing is to be done; otherwise
  /// this thread's scratch, and kSlack bytes behind the last image may be read.
  PaddedImages(const Tensor& x, Size2 padding, int64_t height, int64_t width, X border)
      : x_(x),
        padding_(padding),
        height_(height),
        row_stride_(width * x.size(3)),
        border_(border),
        padded_(std::is_same_v<T, X> && height == x.size(1) && width == x.size(2)
                    ? nullptr
                    : scratch<T>(Scratch::padded, x.size(0) * height * width * x.size(3) + kSlackValues)),
        images_(padded_ ? padded_ : reinterpret_cast<const T*>(x.bytes())) {}

  /// Makes the copy. To be called by all threads of a parallel region, before any of them reads.
  void fill() const {
    if (padded_ == nullptr) return;
    const int64_t N = x_.size(0), H = x_.size(1), W = x_.size(2), C = x_.size(3);
    const auto* from = reinterpret_cast<const X*>(x_.bytes());
    constexpr bool kSubtracts = !std::is_same_v<T, X>;
    const T border = kSubtracts ? T{} : static_cast<T>(border_);
    const int64_t left = padding_.w * C, inside = W * C, right = row_stride() - left - inside;
#pragma omp for
    for (int64_t i = 0; i < N * height_; ++i) {
      const int64_t h = i % height_ - padding_.h;
      T* row = padded_ + i * row_stride();
      if (h < 0 || h >= H) {
        std::fill_n(row, row_stride(), border);
      } else {
        std::fill_n(row, left, border);
        const X* values = from + (i / height_ * H + h) * inside;
        if constexpr (kSubtracts)
          for (int64_t j = 0; j < inside; ++j) row[left + j] = static_cast<T>(values[j] - border_);
        else
          std::copy_n(values, inside, row + left);
        std::fill_n(row + left + inside, right, border);
      }
      if (i == N * height_ - 1) std::fill_n(row + row_stride(), kSlackValues, border);
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

  const Tensor& x_;
  Size2 padding_;
  int64_t height_, row_stride_;  // row_stride_: values
  X border_;
  T* padded_;  // null: not needed
  const T* images_;
};

}  // namespace octet::ops
