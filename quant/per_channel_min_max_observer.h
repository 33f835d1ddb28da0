// PerChannelMinMaxObserver: smallest and largest value of each slice of dimension 0 (the output channel of a weight),
// and one scale per slice: symmetric, qint8, as the default weights of fbgemm, x86 and onednn are.
// PyTorch counterpart: torch.ao.quantization.PerChannelMinMaxObserver(ch_axis=0, qscheme=per_channel_symmetric).
#pragma once

#include <vector>

#include "quant/qparams.h"
#include "tensor/tensor.h"

namespace octet::quant {

class PerChannelMinMaxObserver {
 public:
  /// x [K, ...] float32, the same K at every call. Throws Error for NaN.
  void observe(const Tensor& x);
  /// One per slice, zero points 0.
  std::vector<float> calculate_scales() const;

  const std::vector<float>& min() const { return min_; }
  const std::vector<float>& max() const { return max_; }

 private:
  std::vector<float> min_, max_;
};

}  // namespace octet::quant
