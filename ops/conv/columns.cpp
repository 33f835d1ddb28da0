#include "ops/conv/columns.h"

#include <algorithm>

#include "ops/cuda/im2col.h"

namespace octet::ops {

void im2col(const float* x, int64_t images, int64_t image_stride, const Im2colShape& s, Columns order, float* columns,
            Device device) {
  if (device == Device::cuda) return cuda::im2col(x, images, image_stride, s, order, columns);
  const bool stacked = order == Columns::stacked;
  for (int64_t n = 0; n < images; ++n)
    im2col(x + n * image_stride, s, 0.0f, columns + n * (stacked ? s.rows() : 1) * s.cols(), (stacked ? 1 : images) * s.cols());
}

void col2im(const float* columns, int64_t images, int64_t image_stride, const Im2colShape& s, float* x, Device device) {
  if (device == Device::cuda) return cuda::col2im(columns, images, image_stride, s, x);
  for (int64_t n = 0; n < images; ++n) col2im(columns + n * s.cols(), images * s.cols(), s, x + n * image_stride);
}

void rows_side_by_side(const float* y, int64_t images, int64_t image_stride, int64_t K, int64_t pixels, float* to,
                       Device device) {
  if (device == Device::cuda) return cuda::rows_side_by_side(y, images, image_stride, K, pixels, to);
  for (int64_t n = 0; n < images; ++n)
    for (int64_t k = 0; k < K; ++k) std::copy_n(y + n * image_stride + k * pixels, pixels, to + (k * images + n) * pixels);
}

}  // namespace octet::ops
