// Images with a border of zero points, so that no window needs a test for what lies outside. The fast convolutions read these.
#pragma once

#include "ops/im2col.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

struct PaddedImages {
  /// x quint8 [N, H, W, C] -> [N, padding + H + more, padding + W + more, C], where `height` and `width` are all that is needed.
  /// x itself where nothing is to be added. kSlack bytes behind the last image may be read, unless it is x.
  PaddedImages(const Tensor& x, Size2 padding, int64_t height, int64_t width, int32_t zero_point);

  static constexpr int64_t kSlack = 64;

  Tensor bytes;
  int64_t row_stride, image_stride;

  const uint8_t* at(int64_t n, int64_t h, int64_t w_times_channels) const {
    return bytes.data<uint8_t>() + n * image_stride + h * row_stride + w_times_channels;
  }
};

}  // namespace octet::ops::int8
