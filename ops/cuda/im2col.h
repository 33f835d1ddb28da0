// ops/im2col.h on the device, for several images at once.
#pragma once

#include "ops/im2col.h"

namespace octet::ops::cuda {

/// How the columns of several images lie.
enum class Columns {
  stacked,      // [images, C*R*S, P*Q]: a matrix per image
  side_by_side  // [C*R*S, images, P*Q]: one matrix
};

/// x: images of [C, H, W], image_stride values apart -> columns. Padding is 0.
void im2col(const float* x, int64_t images, int64_t image_stride, const Im2colShape& shape, Columns order, float* columns);

/// The transpose: x [images][C, H, W] = the sums of the columns' entries, which lie side by side, in the order of the CPU's rows.
void col2im(const float* columns, int64_t images, int64_t image_stride, const Im2colShape& shape, float* x);

/// dy: images of [K, P*Q], image_stride values apart -> [K, images, P*Q]
void side_by_side(const float* dy, int64_t images, int64_t image_stride, int64_t K, int64_t pixels, float* to);

}  // namespace octet::ops::cuda
