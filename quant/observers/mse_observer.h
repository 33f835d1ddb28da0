// MseObserver: of a grid of ranges, the one whose codes are closest to the values in mean square.
//   ranges [i / kSteps * min, j / kSteps * max],   error = sum over bins of count * (x - dequantize(quantize(x)))^2, x its middle
// Both ends are searched by turns until neither moves (symmetric: together); 0 stays inside. The idea is OpenVINO's and
// TensorRT's "mse" calibration; PyTorch's HistogramObserver minimises nearly the same error by another search.
#pragma once

#include "quant/observers/histogram_collector.h"

namespace octet::quant {

class MseObserver : public HistogramCollector {
 public:
  using HistogramCollector::HistogramCollector;
  Range range() const override;
  std::string kind() const override { return "MseObserver"; }

  static constexpr int kSteps = 100;

 private:
  double error(const Histogram& histogram, Range range) const;
};

}  // namespace octet::quant
