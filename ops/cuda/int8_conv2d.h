// ops/int8/conv2d.h on the device: the sum of products is one matrix product whose rows are windows of the image, read where they
// lie (implicit im2col: nothing is materialised), on tensor cores (ops/cuda/mma.h), requantized before it is stored.
//
//   acc[n, p, q, k] = sum over r, s, c of x[n, h, w, c] * weight[k, r, s, c]  -  zx * (sum of weight[k])
//   rows n, p, q (M of them) x columns k; a position outside of the image holds zx, the zero point, and so contributes 0
//   y = requantize(acc), the CPU's own function; where a residual comes in, plus that code (ops/int8/add.h)
// Integers are exact in any order, so that every code is the CPU's. Groups go one output at a time (depthwise: few products).
#pragma once

#include <optional>

#include "ops/engines/addition.h"
#include "ops/engines/requantize.h"
#include "ops/support/im2col_shape.h"

namespace octet::ops::cuda {

class Int8Conv2d {
 public:
  /// weight: qint8 [K, C/G, R, S] on the CPU; packs it and takes it to the device.
  Int8Conv2d(const Tensor& weight, const Conv2dOptions& options, int32_t zero_point, const int8::Requantization& requantization);

  /// x quint8 [N, H, W, C] -> y quint8 [N, P, Q, K], both on the device; shape: of one image and group. forced: index
  /// of a tiling (ops/cuda/int8_tiling.h); none: what tiling() chooses.
  void operator()(const Tensor& x, const Im2colShape& shape, const int8::CodesToAdd& addend, Tensor& y,
                  std::optional<size_t> forced = {}) const;

  /// The tiling for so many output pixels N * P * Q.
  size_t tiling(int64_t rows) const;

 private:
  Tensor padded(const Tensor& x, const Im2colShape& shape) const;

  Tensor rows_;               // int8 [padded K, R, padded S*C/G]: 0 where padded
  Tensor offset_;             // int32 [K]: the bias minus zx * (sum of the weights)
  Tensor outside_;            // uint8 [16]: zx, what is read outside of an image
  Tensor bias_, multiplier_;  // float32 [K]
  int64_t outputs_, groups_;  // K, G
  bool taps_lie_apart_;       // in a row
  int64_t depth_;             // of a padded row
  int32_t input_zero_point_, output_zero_point_;
  float bias_factor_;
  int8::Epilogue epilogue_;
  int8::RealScales scales_;
  int8::CodeRange range_;
};

}  // namespace octet::ops::cuda
