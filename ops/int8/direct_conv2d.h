// int8 convolution of one group without im2col: windows are read where they lie in a padded image (ops/cpu/qconv.h).
// Same codes as ops/int8/conv2d.h, which chooses between them.
#pragma once

#include "ops/conv/im2col.h"
#include "ops/cpu/qconv.h"
#include "ops/int8/add.h"

namespace octet::ops::int8 {

class DirectConv2d {
 public:
  /// Is it worth while with this CPU's kernels?
  static bool worthwhile();

  /// weight qint8 [K, C, R, S].
  DirectConv2d(const Tensor& weight, int32_t input_zero_point, const Requantization& requantization);

  /// x quint8 [N, H, W, C] -> [N, P, Q, K].
  Tensor operator()(const Tensor& x, const Im2colShape& shape, const Addend& addend = {}) const;

 private:
  const cpu::ConvKernel& kernel_;
  int32_t input_zero_point_;
  cpu::ConvWeights weights_;
};

}  // namespace octet::ops::int8
