#include "ops/int8/padded_images.h"

#include <cstring>

namespace octet::ops::int8 {

PaddedImages::PaddedImages(const Tensor& x, Size2 padding, int64_t height, int64_t width, int32_t zero_point) {
  const int64_t N = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3);
  row_stride = width * C;
  image_stride = height * row_stride;
  if (height == H && width == W) {
    bytes = x;
    return;
  }
  bytes = Tensor({N * image_stride + kSlack}, DType::quint8);
  const uint8_t* from = x.data<uint8_t>();
  uint8_t* to = bytes.data<uint8_t>();
  const int64_t left = padding.w * C, inside = W * C, right = row_stride - left - inside;
#pragma omp parallel for
  for (int64_t i = 0; i < N * height; ++i) {
    const int64_t h = i % height - padding.h;
    uint8_t* row = to + i * row_stride;
    if (h < 0 || h >= H) {
      std::memset(row, zero_point, static_cast<size_t>(row_stride));
      continue;
    }
    std::memset(row, zero_point, static_cast<size_t>(left));
    std::memcpy(row + left, from + (i / height * H + h) * inside, static_cast<size_t>(inside));
    std::memset(row + left + inside, zero_point, static_cast<size_t>(right));
  }
  std::memset(to + N * image_stride, zero_point, kSlack);
}

}  // namespace octet::ops::int8
