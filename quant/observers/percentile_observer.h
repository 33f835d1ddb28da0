// PercentileObserver: the range that leaves out the rarest values, the same share at each end.
//   range = [quantile(c), quantile(1 - c)],   c = (1 - percentile / 100) / 2
// Source: onnxruntime/python/tools/quantization/calibrate.py, HistogramCollector.compute_percentile. PyTorch has none.
#pragma once

#include "quant/observers/histogram_collector.h"

namespace octet::quant {

class PercentileObserver : public HistogramCollector {
 public:
  /// percentile in (0, 100].
  explicit PercentileObserver(const QSpec& spec, double percentile = 99.999);
  Range range() const override;
  std::string kind() const override { return "PercentileObserver"; }

 private:
  double percentile_;
};

}  // namespace octet::quant
