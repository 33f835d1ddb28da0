// Dilation: a kernel whose taps lie `dilation` pixels apart is a larger kernel with zeros between its taps.
//
//   w [K, C/G, R, S]  ->  [K, C/G, (R-1)*d+1, (S-1)*d+1],   dilated[..., r*d, s*d] = w[..., r, s], zero elsewhere
// Sums stay the same, bit for bit for integers, so that every kernel serves. It costs the products with zeros.
// PyTorch counterpart: the argument dilation of torch.nn.Conv2d.
#pragma once

#include "ops/options.h"
#include "tensor/tensor.h"

namespace octet::ops {

struct Undilated {
  Tensor weight;
  Conv2dOptions options;  // with dilation 1
};
/// The same convolution without dilation; of one without, its own weight. Throws Error for a dilation below 1, and for a kernel
/// that becomes larger than kLargestDilated on a side.
Undilated without_dilation(const Tensor& weight, const Conv2dOptions& options);
constexpr int64_t kLargestDilated = 1024;

/// Of a dilated kernel's gradient the taps: a tensor of shape `weight`.
Tensor taps_of(const Tensor& dilated, const Shape& weight, Size2 dilation);

}  // namespace octet::ops
