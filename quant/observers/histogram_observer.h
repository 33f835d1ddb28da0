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
};

/// The error of quantizing the values of a histogram with bins of that width to `codes` codes over the bins start_bin..end_bin.
/// PyTorch searches with the 256 codes of the data type even under reduce_range.
float quantization_error(const Histogram& histogram, double bin_width, int64_t start_bin, int64_t end_bin, double codes = 256);

}  // namespace octet::quant
