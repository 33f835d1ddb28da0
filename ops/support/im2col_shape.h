// What im2col (ops/conv/im2col.h) is told about images and columns, on the CPU and on the device.
#pragma once

#include "ops/options.h"

namespace octet::ops {

/// One image, or one group's channels of it.
struct Im2colShape {
  int64_t channels, height, width;  // C, H, W
  Size2 kernel, stride, padding;    // R S
  int64_t out_height, out_width;    // P, Q
  Size2 dilation = 1;               // pixels from one tap to the next
  int64_t rows() const { return channels * kernel.h * kernel.w; }
  int64_t cols() const { return out_height * out_width; }
};

/// How the columns of several images lie.
enum class Columns {
  stacked,      // [images, C*R*S, P*Q]: a matrix per image
  side_by_side  // [C*R*S, images, P*Q]: one matrix
};

}  // namespace octet::ops
