// ops/conv/columns.h on the device.
#pragma once

#include "ops/support/im2col_shape.h"

namespace octet::ops::cuda {

void im2col(const float* x, int64_t images, int64_t image_stride, const Im2colShape& shape, Columns order, float* columns);

/// In the order of the CPU's rows.
void col2im(const float* columns, int64_t images, int64_t image_stride, const Im2colShape& shape, float* x);

void rows_side_by_side(const float* y, int64_t images, int64_t image_stride, int64_t K, int64_t pixels, float* to);

}  // namespace octet::ops::cuda
