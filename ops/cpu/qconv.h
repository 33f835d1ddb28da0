// int8 convolution straight from a padded image, without im2col: the fast path of ops/int8/conv2d.h for one group.
//
//   image   [H + 2*padding, W + 2*padding, C], the border standing for 0: a window's row is a run of S*C values
//   acc[k] = sum over r < R, i < S*C of image[row r of the window][i] * weight[k][r][i]                    exact in int32
//   y[k] = requantize(acc[k])                                                                    ops/engines/requantize.h
// Two ways, by instruction set:
//   VNNI  codes as they are, the border holding the zero point; vpdpbusd adds four u8 * s8 products to an int32. The zero
//         point is taken out of the sum once per channel, which is the same number modulo 2^32. In registers of 64 or 32 bytes.
//   AVX2  code - zero point as int16, and weights as int16; vpmaddwd adds two products. (vpmaddubsw would multiply bytes, but
//         saturates.)
// Weights are packed in strips of outputs: for each group of a window's values strip x group of them, read one after the other.
#pragma once

#include <vector>

#include "ops/cpu/requantize_view.h"

namespace octet::ops::cpu {

/// What a kernel sees. Requantization::stays_in_int32 holds for the weights.
struct ConvView : RequantizeView {
  int64_t outputs, rows, run;
  int64_t y_pixel;  // from one pixel of y to the next: more than `outputs` where other groups have theirs between
  const void* strips;
};

/// Where one call reads and writes: `pixels` output pixels that lie one after the other in y.
struct ConvTile {
  static constexpr int kRows = 6;  // pixels at most

  const void* windows[kRows];  // first value of each pixel's window; group - 1 values behind its last run are read too
  int pixels;
  int64_t row_stride;  // values from one row of the image to the next
  uint8_t* y;          // [pixels, K], outputs of these weights first
  const void* ahead;   // weights that will be wanted soon: a quarter of a strip is fetched from here; or null
};

struct ConvKernel {
  DType values;   // of the image: u8, or i16 with the zero point subtracted
  int64_t strip;  // outputs per tile
  int64_t group;  // values that one instruction multiplies and adds
  /// The outputs of one strip.
  void (*tile)(const ConvView& w, const ConvTile& tile, int64_t strip);
};

struct ConvWeights {
  int64_t outputs = 0;
  int64_t rows = 0;                     // R
  int64_t run = 0;                      // S*C rounded up to the kernel's group; the added weights are 0
  Tensor strips;                        // [ceil(outputs/strip), R, run/group, strip, group], int8 or int16
  int8::Requantization requantization;  // padded to whole strips; the zero point taken out, if the image's values are codes

  /// weight qint8 [K, C, R, S].
  ConvWeights(const Tensor& weight, int32_t input_zero_point, const int8::Requantization& r, const ConvKernel& kernel);

  ConvView view(int64_t y_pixel) const { return {RequantizeView(requantization), outputs, rows, run, y_pixel, strips.bytes()}; }
  /// Bytes of one strip.
  int64_t strip_bytes() const { return static_cast<int64_t>(strips.nbytes()) / strips.size(0); }
};

}  // namespace octet::ops::cpu
