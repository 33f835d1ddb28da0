// int8 convolution by im2col, the one to read first: rows (the window of one output pixel, [R, S, C/G] of code - zero_point as
// int16) are made tile by tile, multiplied by ops/cpu/qgemm.h and requantized. Padding is 0, because a padded position holds the
// zero point. The lesson is ops/conv/conv2d.md. ops/int8/conv2d.h chooses this or another way; all give the same codes.
#pragma once

#include <vector>

#include "ops/conv/im2col.h"
#include "ops/cpu/qgemm.h"
#include "ops/engines/requantize.h"
#include "ops/int8/follow_up.h"

namespace octet::ops::int8 {

class Im2colConv2d {
 public:
  /// weight qint8 [K, C/G, R, S].
  Im2colConv2d(const Tensor& weight, int64_t groups, int32_t input_zero_point, const Requantization& requantization);

  /// x quint8 [N, H, W, C] -> [N, P, Q, K].
  Tensor operator()(const Tensor& x, const Im2colShape& shape, const FollowUp& follow_up = {}) const;

 private:
  int32_t input_zero_point_;
  int64_t outputs_;                         // K
  std::vector<cpu::PackedWeights> groups_;  // each group's weights
  Requantization requantization_;
};

}  // namespace octet::ops::int8
