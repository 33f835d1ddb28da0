// int8 convolution straight from a padded image, without im2col: the fast path of ops/int8/conv2d.h for one group.
//
//   image   [H + 2*padding, W + 2*padding, C] codes, the border holding the zero point: a window's row is S*C bytes in a run
//   acc[k] = sum over r < R, i < S*C of image[row r of the window][i] * weight[k][r][i]                    exact in int32
//   y[k] = requantize(acc[k] - zero_point * sum of weight[k])                                    ops/int8/requantize.h
// Instead of subtracting the zero point from every code it is taken, once per channel, out of the sum, which is the same number
// modulo 2^32.
//
// The kernel is AVX-512's vpdpbusd: four u8 * s8 products added to an int32 without saturating on the way. Weights are packed in
// strips of 64 outputs: for each four bytes of a window 64 x 4 int8, read one after the other.
#pragma once

#include <vector>

#include "ops/int8/requantize.h"

namespace octet::ops::cpu {

constexpr int64_t kConvPanel = 16;  // outputs in one register
constexpr int64_t kConvStrip = 64;  // outputs per tile
constexpr int64_t kConvGroup = 4;   // bytes that one instruction multiplies and adds
constexpr int kConvRows = 6;        // output pixels per tile

/// What a kernel sees: plain pointers, because a kernel for newer CPUs must not instantiate code that others share.
struct ConvView {
  int64_t outputs, rows, run;
  const int8_t* strips;
  const int32_t* bias_i32;
  const float *bias_f32, *multiplier;
  int32_t zero_point, qmin, qmax;
};

struct ConvWeights {
  int64_t outputs = 0;
  int64_t rows = 0;  // R
  int64_t run = 0;   // S*C rounded up to kConvGroup; the added weights are 0
  Tensor strips;     // int8 [ceil(outputs/64), R, run/4, 64, 4]
  // of each output, rounded up to whole strips:
  std::vector<int32_t> bias_i32;  // zero point taken out
  std::vector<float> bias_f32, multiplier;
  int32_t zero_point = 0;  // of the output
  int8::CodeRange range{0, 255};

  ConvWeights() = default;
  /// weight qint8 [K, C, R, S].
  ConvWeights(const Tensor& weight, int32_t input_zero_point, const int8::Requantization& requantization);

  ConvView view() const {
    return {outputs,    rows,       run,       strips.data<int8_t>(), bias_i32.data(), bias_f32.data(), multiplier.data(),
            zero_point, range.qmin, range.qmax};
  }
};

/// Where one call reads and writes: `pixels` (up to kConvRows) output pixels that lie one after the other in y.
struct ConvTile {
  const uint8_t* windows[kConvRows];  // first byte of each pixel's window; kConvGroup - 1 bytes behind its last run are read too
  int pixels;
  int64_t row_stride;   // bytes from one row of the image to the next
  uint8_t* y;           // [pixels, K]
  const int8_t* ahead;  // weights that will be wanted soon: a quarter of a strip is fetched from here; or null
};

/// The outputs of one strip. Needs AVX-512 VNNI.
void conv_tile_avx512vnni(const ConvView& w, const ConvTile& tile, int64_t strip);

}  // namespace octet::ops::cpu
