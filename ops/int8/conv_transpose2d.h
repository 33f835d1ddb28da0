// int8 transposed convolution: ops/conv/conv_transpose2d.h with quint8 activations, qint8 weights and int32 accumulators.
//
//   x quint8 [N, H, W, C], weight qint8 [C, K/G, R, S] with one scale -> y quint8 [N, P, Q, K]
// Pixel p of the result comes from pixels i of the input with p + padding = stride * i + r. So all pixels with the same remainder f
// of p + padding by the stride, a phase, are an ordinary convolution of the input, of the taps f, f + stride, ... in reverse:
//   T = ceil(R / stride) taps,   w_f[k, c, u] = weight[c, k, f + stride * (T - 1 - u)],   zero where there is no such tap
// All phases together are one convolution with stride * stride * K outputs, which any kernel of ops/int8/conv2d.h computes; then each
// phase's codes go to its pixels. (Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?", arXiv:1609.07009)
// The sums are the same integers, and the rounding is a convolution's.
// PyTorch counterpart: torch.ao.nn.quantized.ConvTranspose2d. Its oneDNN is wrong where C and K differ (docs/known-differences.md).
#pragma once

#include "ops/int8/conv2d.h"

namespace octet::ops::int8 {

struct ConvTranspose2dParams : QuantizedLayer {  // weight [C, K/G, R, S], one weight_scale, no relu
  ConvTranspose2dOptions options;
};

class ConvTranspose2d {
 public:
  /// Checks the parameters and makes the phases' weights. Throws Error.
  explicit ConvTranspose2d(ConvTranspose2dParams params);

  Tensor operator()(const Tensor& x) const;

  const ConvTranspose2dParams& params() const { return params_; }
  const Requantization& requantization() const { return phases_.requantization(); }
  /// Of each output channel, where the engine's rule has it: the bias in the sum's steps.
  std::vector<int32_t> bias_i32() const;

 private:
  ConvTranspose2dParams params_;
  Conv2d phases_;
};

}  // namespace octet::ops::int8
