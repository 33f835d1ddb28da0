// int8 3x3 stride 1 convolution of one group by exact integer Winograd (ops/cpu/winograd_int16.h): the same codes with a quarter
// of the products. Same codes as ops/int8/conv2d.h, which chooses between them.
#pragma once

#include "ops/conv/im2col.h"
#include "ops/cpu/winograd_int16.h"
#include "ops/int8/follow_up.h"

namespace octet::ops::int8 {

class WinogradConv2d {
 public:
  /// transformed: once, when the layer is made. They are eight times the plain ones, so a few tiles are not worth reading them.
  /// plain: transformed while they are multiplied (ops/cpu/winograd_fused.h), for up to kMostTiles.
  enum class Weights { transformed, plain };

  /// Does it apply to these weights [K, C/G, R, S], and is it exact for them?
  static bool applies(const Tensor& weight, const Conv2dOptions& options, int32_t input_zero_point,
                      const Requantization& requantization);
  /// Is it worth while to transform plain weights with this CPU's kernels?
  static bool plain_weights_worthwhile();

  WinogradConv2d(Weights form, const Tensor& weight, int32_t input_zero_point, const Requantization& requantization);

  /// 4x4 tiles of output.
  static int64_t tiles(int64_t images, const Im2colShape& shape);
  static constexpr int64_t kMostTiles = 24;  // with plain weights

  /// x quint8 [N, H, W, C] -> [N, P, Q, K].
  Tensor operator()(const Tensor& x, const Im2colShape& shape, const FollowUp& follow_up = {}) const;

 private:
  Weights form_;
  int64_t outputs_;
  int32_t input_zero_point_;
  Tensor weights_;                 // int16 [strips, 36, C/2, strip, 2], or int8 as winograd_fused_weights makes them
  Requantization requantization_;  // padded to whole strips
};

}  // namespace octet::ops::int8
