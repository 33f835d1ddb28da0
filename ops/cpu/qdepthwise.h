// int8 depthwise convolution, each channel by itself, on one thread: the kernels of ops/int8/depthwise_conv2d.h.
//
//   acc[p, q, c] = sum over r, s of x[p*stride + r, q*stride + s, c] * weight[c][r][s]                     exact in int32
//   y[p, q, c] = requantize(acc[p, q, c])                                                        ops/engines/requantize.h
// In two steps, for a block of channels. Interleave: of each column of the image, `group` rows side by side, so that one instruction
// multiplies and adds them:
//   columns [row groups, W, block, group]                     the rows of one or two output rows, border included
//   weights [blocks, row groups, S, output rows, block, group]      0 for rows that a window does not have
// Multiply: for each output pixel and each of its columns, the products of all rows; requantization follows in the registers.
// Where two output rows need as many groups as one does (3x3 of stride 1: four rows for both), they share the columns.
// With VNNI four codes make a group (vpdpbusd), otherwise two codes as int16 (vpmaddwd). A border holds the zero point, which is
// taken out of the sum once per channel, which is the same number modulo 2^32.
#pragma once

#include "ops/cpu/requantize_view.h"

namespace octet::ops::cpu {

/// What Multiply sees of the weights. Requantization::stays_in_int32 holds for them. Constants are in the order of a block's channels in registers (DepthwiseKernel::channel_at).
struct DepthwiseView : RequantizeView {
  int64_t channels;    // of a pixel of y
  int64_t row_groups;  // of a window's rows
  int64_t width;       // S
  int64_t rows;        // output rows that the weights are for: 1 or 2
  const void* weights;
};

/// Where one call reads and writes: `pixels` neighbours in each of `rows` output rows.
struct DepthwiseTile {
  const void* columns;
  int64_t row_group;  // bytes from one group of rows to the next
  int64_t step;       // bytes from one output pixel's first column to the next one's
  int64_t pixels, rows;
  uint8_t* y;     // [rows, pixels, channels]
  int64_t y_row;  // from one output row to the next
};

/// What Interleave reads: a group of rows, the first code of each and the codes from one column to the next; 0: one column's for all.
struct DepthwiseRows {
  static constexpr int64_t kMostRows = 4;

  const uint8_t* at[kMostRows];
  int64_t step[kMostRows];
  int64_t columns;
  int64_t whole;     // columns, the first ones, of which a whole block may be read, where there are fewer channels
  int64_t channels;  // of this block
};

struct DepthwiseKernel {
  static constexpr int64_t kElement = 4;  // bytes of a channel's group

  int64_t block;    // channels
  int64_t vectors;  // registers of a block
  int64_t group;    // rows: 4 codes, or 2 int16
  void (*interleave)(const DepthwiseRows& rows, void* columns);
  /// The block's channels that there are.
  void (*multiply)(const DepthwiseView& w, const DepthwiseTile& tile, int64_t block);

  /// Bytes of a column of a block.
  int64_t column_bytes() const { return block * kElement; }
  /// Interleaving works on four channels of each 16 bytes, and so does packing codes: which channel of a block is at place i.
  int64_t channel_at(int64_t i) const {
    const int64_t lanes = block / vectors, vector = i / lanes, lane = i % lanes;
    return lane / 4 * 4 * vectors + vector * 4 + lane % 4;
  }
};

struct DepthwiseWeights {
  int64_t channels, row_groups, width, rows;
  Tensor packed;                        // [blocks, row groups, S, rows, block, group], int8 or int16
  int8::Requantization requantization;  // padded to whole blocks, in the order of registers, the zero point taken out

  /// weight qint8 [C, 1, R, S]; row_stride: rows of the image from one output row to the next.
  DepthwiseWeights(const Tensor& weight, int64_t row_stride, int32_t input_zero_point, const int8::Requantization& r,
                   const DepthwiseKernel& kernel);

  DepthwiseView view() const { return {RequantizeView(requantization), channels, row_groups, width, rows, packed.bytes()}; }
};

}  // namespace octet::ops::cpu
