// EntropyObserver: the threshold t at which quantizing |x| to kLevels loses the least information.
//
//   The first bin gets the second one's count: the many exact zeros behind a relu have a code of their own anyway.
//   For each t at a bin's end, with at least kLevels bins below it:
//     P   the bins of |x| below t, and everything beyond t added to the last of them
//     Q   the same bins merged into kLevels, each level spread evenly over those of its bins that are not empty
//     choose the t with the smallest Kullback-Leibler divergence  sum P log(P / Q)
//   range = [max(min, -t), min(max, t)]
// Source: Migacz, "8-bit Inference with TensorRT", GTC 2017; the first bin as in NVIDIA's pytorch-quantization,
// calib/histogram.py. For activations: a weight has too few values for 2048 bins (TensorRT and ONNX Runtime take min and max).
// PyTorch has none. Deliberately not here: smoothing of empty bins; where Q is empty and P is not, t is not considered.
#pragma once

#include "quant/observers/histogram_collector.h"

namespace octet::quant {

class EntropyObserver : public HistogramCollector {
 public:
  using HistogramCollector::HistogramCollector;
  Range range() const override;
  std::string kind() const override { return "EntropyObserver"; }

  static constexpr int64_t kLevels = 128;
};

}  // namespace octet::quant
