// int8 convolution without im2col: windows are read where they lie in a padded image (ops/cpu/qconv.h).
//
// Of several groups, each is a convolution by itself, in a padded image of its channels. A kernel computes at least 16 outputs: smaller
// groups are put together, with weights of 0 for the others' channels, [16, 16, R, S] from four of [4, 4, R, S].
// Same codes as ops/int8/conv2d.h, which chooses between the ways.
#pragma once

#include <vector>

#include "ops/conv/im2col.h"
#include "ops/cpu/isa.h"
#include "ops/int8/follow_up.h"

namespace octet::ops::int8 {

class DirectConv2d {
 public:
  /// Is it worth while with this CPU's kernels?
  static bool worthwhile();

  /// weight qint8 [K, C/G, R, S]; requantization.stays_in_int32(weight).
  DirectConv2d(const Tensor& weight, int64_t groups, int32_t input_zero_point, const Requantization& requantization,
               const cpu::ConvKernel& kernel = *cpu::kernels().qconv);

  /// x quint8 [N, H, W, C] -> [N, P, Q, K].
  Tensor operator()(const Tensor& x, const Im2colShape& shape, const FollowUp& follow_up = {}) const;

 private:
  const cpu::ConvKernel& kernel_;
  int32_t input_zero_point_;
  int64_t outputs_;        // K
  int64_t part_channels_;  // of the groups that are put together
  std::vector<cpu::ConvWeights> parts_;
};

}  // namespace octet::ops::int8
