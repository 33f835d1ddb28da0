// A transposed convolution as one convolution whose output channels are those of all its phases (ops/int8/conv_transpose2d.h): for the
// CPU and the device.
#pragma once

#include <cstdint>

#include "tensor/host_device.h"

namespace octet::ops {

/// One direction of the phases' convolution.
struct Phases {
  int64_t stride, padding, taps;
  int64_t more;  // 1: a row of the result lies behind the last row that reads a pixel, so that one more is computed on both sides

  Phases(int64_t kernel, int64_t stride_of_layer, int64_t padding_of_layer, int64_t output_padding)
      : stride(stride_of_layer),
        padding(padding_of_layer),
        taps((kernel + stride - 1) / stride),
        more(kernel - padding + output_padding > stride * taps) {}

  OCTET_HD int64_t of(int64_t p) const { return (p + padding) % stride; }
  /// The row of the convolution's result that holds row p.
  OCTET_HD int64_t row(int64_t p) const { return (p + padding) / stride + more; }
  /// The tap of the kernel that is the convolution's tap u in phase f.
  int64_t tap(int64_t f, int64_t u) const { return f + stride * (taps - 1 - u); }
  int64_t padding_of_convolution() const { return taps - 1 + more; }
};

struct Phases2 {
  Phases h, w;
  OCTET_HD int64_t count() const { return h.stride * w.stride; }
};

}  // namespace octet::ops
