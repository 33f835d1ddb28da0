// HistogramObserver: the range that minimises the L2 error of quantizing everything seen.
// (The lesson is quant/observers/histogram_observer.md.)
//
// Starts from the whole range; each step cuts 0.001 % of the values off the end where that frees more bins, until the error
// rises.
//   error(range) = sum over bins of density * integral of (x - center of its code)^2
// Source: torch/ao/quantization/observer.py, HistogramObserver._non_linear_param_search; scale and zero point equal its bit for
// bit.
#pragma once

#include "quant/observers/histogram_collector.h"

namespace octet::quant {

class HistogramObserver : public HistogramCollector {
 public:
  using HistogramCollector::HistogramCollector;
  Range range() const override;
  std::string kind() const override { return "HistogramObserver"; }

 private:
  float quantization_error(const Histogram& histogram, int64_t start_bin, int64_t end_bin) const;
};

}  // namespace octet::quant
