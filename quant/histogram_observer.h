// HistogramObserver: a histogram of everything seen, and the range that minimises the L2 error of quantizing it.
// (The lesson is quant/histogram_observer.md.)
//
//   observe             2048 bins over [min, max]; a batch that widens the range makes the old bins be spread over the new ones
//   calculate_qparams   starts from the whole range and cuts quantiles off whichever end holds fewer values, as long as
//                       error(range) = sum over bins of density * integral of (x - center of its code)^2 does not rise
// Source: torch/ao/quantization/observer.py, HistogramObserver; min, max, histogram, scale and zero point equal its bit for bit.
#pragma once

#include <limits>

#include "quant/histogram.h"
#include "quant/observer.h"

namespace octet::quant {

class HistogramObserver : public Observer {
 public:
  explicit HistogramObserver(QRange range) : range_(range) {}

  /// Infinities are left out, as PyTorch leaves them out. Throws Error for NaN.
  void observe(const Tensor& x) override;
  QParams calculate_qparams() const override;
  std::string kind() const override { return "HistogramObserver"; }
  float min() const override { return min_; }
  float max() const override { return max_; }
  const Histogram& histogram() const { return histogram_; }

  struct Range {
    float min, max;
  };
  /// The range that the search ends with (_non_linear_param_search).
  Range search_range() const;

 private:
  void observe_finite(const float* x, int64_t n);
  float quantization_error(int64_t start_bin, int64_t end_bin) const;

  QRange range_;
  float min_ = std::numeric_limits<float>::infinity();
  float max_ = -std::numeric_limits<float>::infinity();
  Histogram histogram_;
};

}  // namespace octet::quant
