// im2col and col2im (ops/conv/im2col.h) of several images, on either device: what ops/conv/conv2d.h is made of, beside matrix
// products (ops/gemm.h). Padding is 0. All addresses are on the device; images lie image_stride values apart.
#pragma once

#include "ops/conv/im2col.h"
#include "tensor/device.h"

namespace octet::ops {

/// On CUDA: images whose columns are made at a time, 256 MB of them.
inline int64_t images_at_a_time(int64_t images, const Im2colShape& s) {
  constexpr int64_t kMostFloats = int64_t{64} << 20;
  return std::clamp<int64_t>(kMostFloats / std::max<int64_t>(1, s.rows() * s.cols()), 1, std::max<int64_t>(1, images));
}

/// x: images of [C, H, W] -> columns.
void im2col(const float* x, int64_t images, int64_t image_stride, const Im2colShape& shape, Columns order, float* columns,
            Device device);

/// The transpose: x += the columns' entries, of columns that lie side by side.
void col2im(const float* columns, int64_t images, int64_t image_stride, const Im2colShape& shape, float* x, Device device);

/// Rows of images side by side: images of [K, P*Q] -> [K, images, P*Q].
void rows_side_by_side(const float* y, int64_t images, int64_t image_stride, int64_t K, int64_t pixels, float* to, Device device);

}  // namespace octet::ops
