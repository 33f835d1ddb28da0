// Where the input transforms of ops/cpu/generic/fconv_body.h and winograd_int16_body.h read a window of pixels of C values.
// Everything is static: a function compiled for a newer CPU must never be the one that the linker picks for an older.
#pragma once

#include <cstdint>

namespace octet::ops::cpu {
namespace {

/// In an image: rows row_stride values apart.
template <class X>
struct WindowInImage {
  const X* image;
  int64_t row_stride, C;
  [[gnu::always_inline]] const X* pixel(int64_t h, int64_t w) const { return image + h * row_stride + w * C; }
};

/// Anywhere: a table of size x size pixels.
template <class X, int64_t size>
struct WindowByPixels {
  const X* const* pixels;
  [[gnu::always_inline]] const X* pixel(int64_t h, int64_t w) const { return pixels[h * size + w]; }
};

}  // namespace
}  // namespace octet::ops::cpu
