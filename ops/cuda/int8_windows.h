// Implicit im2col: where the bytes of the matrix [N*P*Q, depth], whose rows are windows of images, lie in the images.
//
//   images [N, H, W, pixel bytes]; a row is R * S runs of `run` bytes, of which run (r, s) begins at pixel
//   (p * stride - padding + r * dilation, q * stride - padding + s * dilation). A run that begins outside of the image is the zero point throughout.
//
// Runs are multiples of 16 bytes. Where C is one too, the image is read as it is: pixel = run = C. Any other image is copied
// first with its padding and some zero points more (PaddedImage); a run then spans all S pixels of a kernel row: S = 1 here, run
// = S * pixel rounded up. Where a kernel row's taps lie apart, run = pixel.
#pragma once

#include <cstdint>

#include "tensor/host_device.h"

namespace octet::ops::cuda {

struct Windows {
  const uint8_t* x;
  const uint8_t* outside;  // 16 zero points
  int rows;                // N * P * Q
  int H, W, pixel, R, S, run, P, Q, stride_h, stride_w, padding_h, padding_w, dilation_h = 1, dilation_w = 1;
};

/// The window of one row. A row beyond the last lies outside of every image.
struct Window {
  int begin;  // in x: of kernel position (0, 0)
  int h, w;
};
OCTET_HD inline Window window_of(const Windows& x, int row) {
  if (row >= x.rows) return {0, -(1 << 24), 0};
  const int q = row % x.Q, p = row / x.Q % x.P, n = row / x.Q / x.P;
  const int h = p * x.stride_h - x.padding_h, w = q * x.stride_w - x.padding_w;
  return {((n * x.H + h) * x.W + w) * x.pixel, h, w};
}

/// A place in every row: byte c of run (r, s).
struct Depth {
  int r = 0, s = 0, c = 0;
  OCTET_HD void advance(int bytes, const Windows& x) {
    c += bytes;
    while (c >= x.run) {
      c -= x.run;
      if (++s == x.S) s = 0, ++r;
    }
  }
};

/// The sixteen bytes of a row from there on. Beyond the row's end (r >= R) they are some bytes of the images: weights are 0
/// there.
OCTET_HD inline const uint8_t* sixteen_bytes(const Windows& x, const Window& window, const Depth& at) {
  const int down = at.r * x.dilation_h, right = at.s * x.dilation_w;
  const auto h = static_cast<uint32_t>(window.h + down), w = static_cast<uint32_t>(window.w + right);
  if (h >= static_cast<uint32_t>(x.H) || w >= static_cast<uint32_t>(x.W)) return x.outside;
  return x.x + (window.begin + (down * x.W + right) * x.pixel + at.c);
}

/// Four bytes each of images [N, H, W, pixel] from [N, from_H, from_W, C]: zero points in the padding, in channels from C on, and
/// where the width goes beyond the padding.
struct PaddedImage {
  const uint8_t* from;
  int from_H, from_W, C;
  uint32_t* to;
  int H, W, pixel, padding_h, padding_w;
  uint8_t zero_point;
  OCTET_HD void operator()(uint32_t i) const {
    const int words = pixel / 4, at = static_cast<int>(i);
    const int first = at % words * 4, w = at / words % W - padding_w, h = at / words / W % H - padding_h, n = at / words / W / H;
    const bool inside = h >= 0 && h < from_H && w >= 0 && w < from_W;
    const int64_t codes = (static_cast<int64_t>(n * from_H + h) * from_W + w) * C + first;
    uint32_t word = 0;
    for (int c = 0; c < 4; ++c) {
      const uint32_t code = inside && first + c < C ? from[codes + c] : zero_point;
      word |= code << (8 * c);
    }
    to[i] = word;
  }
};

}  // namespace octet::ops::cuda
