// What all observers with a histogram share: kBins bins over everything seen, from which each then chooses a range in its own
// way. (The lesson is quant/observers/histogram_observer.md.)
//
//   one pass     as PyTorch: a batch that widens [min, max] makes the old bins be spread over the new ones, so that the order of
//                the batches shows in the last bits
//   two passes   begin_first_pass: only min and max; begin_second_pass: exact counts between them, whatever the order
// Source of the first: torch/ao/quantization/observer.py, HistogramObserver.forward; equal bit for bit.
#pragma once

#include <limits>

#include "quant/observers/histogram.h"
#include "quant/observers/observer.h"

namespace octet::quant {

class HistogramCollector : public Observer {
 public:
  explicit HistogramCollector(const QSpec& spec) : Observer(spec) {}

  void begin_first_pass() override { pass_ = Pass::ranges; }
  void begin_second_pass() override { pass_ = Pass::counts; }
  float min() const override { return min_; }
  float max() const override { return max_; }

  /// Counts per bin of [min, max]. Throws Error when nothing was observed.
  Histogram histogram() const;
  double bin_width() const { return (static_cast<double>(max_) - static_cast<double>(min_)) / static_cast<double>(kBins); }

 protected:
  /// Infinities are left out, as PyTorch leaves them out.
  void update(const Tensor& x, const MinMax& seen) override;

 private:
  enum class Pass { only, ranges, counts };
  void update_finite(const float* x, int64_t n, Device device, const MinMax& seen);
  void combine(const float* x, int64_t n, Device device, float new_min, float new_max);

  Pass pass_ = Pass::only;
  float min_ = std::numeric_limits<float>::infinity();
  float max_ = -std::numeric_limits<float>::infinity();
  Histogram histogram_;  // of the only pass
  Counts counts_;        // of the second one
};

}  // namespace octet::quant
