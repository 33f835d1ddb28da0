// int8 fully connected layer (+ relu): y = requantize(sum over c of (x[n, c] - zx) * weight[k, c]).
//
//   x quint8 [N, C], weight qint8 [K, C] -> y quint8 [N, K].
// PyTorch counterpart: torch.ao.nn.quantized.Linear and torch.ao.nn.intrinsic.quantized.LinearReLU.
#pragma once

#include "ops/cpu/qgemm.h"
#include "ops/cuda/int8_conv2d.h"
#include "ops/engines/requantize.h"
#include "ops/support/lazy.h"

namespace octet::ops::int8 {

using LinearParams = QuantizedLayer;  // weight [K, C]

class Linear {
 public:
  /// Checks the parameters and packs the weights. Throws Error.
  explicit Linear(LinearParams params);

  Tensor operator()(const Tensor& x) const;

  const LinearParams& params() const { return params_; }
  const Requantization& requantization() const { return requantization_; }

 private:
  LinearParams params_;
  Requantization requantization_;
  cpu::PackedWeights packed_;
  Lazy<cuda::Int8Conv2d> on_cuda_;
};

}  // namespace octet::ops::int8
