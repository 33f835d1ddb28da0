// Counts values into kBins bins, batch after batch. When a batch widens the range [min, max], the old bins are spread over the
// new ones (upscale), and the batch is added:
//   histogram = histc(batch, new_min, new_max) + upscale(histogram, min, max -> new_min, new_max)        [kBins]
// Infinities are left out of the counts. PyTorch counterpart: HistogramObserver.forward in torch/ao/quantization/observer.py.
#include "quant/observers/histogram_collector.h"

#include <algorithm>
#include <cmath>

namespace octet::quant {

void HistogramCollector::update(const Tensor& x, const MinMax& seen) {
  if (seen.all_finite()) return update_finite(x.device_data<float>(), x.numel(), x.device(), seen);
  const Tensor host = x.to(Device::cpu);
  const float* values = host.data<float>();
  std::vector<float> finite;
  std::copy_if(values, values + x.numel(), std::back_inserter(finite), [](float v) { return std::isfinite(v); });
  const auto n = static_cast<int64_t>(finite.size());
  if (n > 0) update_finite(finite.data(), n, Device::cpu, min_max(finite.data(), n));
}

void HistogramCollector::update_finite(const float* x, int64_t n, Device device, const MinMax& seen) {
  if (pass_ == Pass::counts) return add_counts(x, n, min_, max_, counts_, device);
  const float new_min = std::min(min_, seen.min), new_max = std::max(max_, seen.max);
  if (pass_ == Pass::only) combine(x, n, device, new_min, new_max);
  min_ = new_min;
  max_ = new_max;
}

void HistogramCollector::combine(const float* x, int64_t n, Device device, float new_min, float new_max) {
  Histogram combined = histc(x, n, new_min, new_max, device);
  if (!histogram_.empty()) {
    Histogram old = std::move(histogram_);
    if (min_ == max_ && (new_min != min_ || new_max != max_)) {  // all that was seen is one value: it goes into one bin
      const float total = sum(old);
      old = histc(&min_, 1, new_min, new_max);
      for (float& count : old) count *= total;
    } else if (new_min != min_ || new_max != max_) {
      old = upscale(old, min_, max_, new_min, new_max);
    }
    for (size_t b = 0; b < combined.size(); ++b) combined[b] += old[b];
  }
  histogram_ = std::move(combined);
}

Histogram HistogramCollector::histogram() const {
  const bool two_passes = pass_ != Pass::only;
  OCTET_CHECK(two_passes ? !counts_.empty() : !histogram_.empty(), kind(), ": nothing was observed; calibrate before converting");
  return two_passes ? Histogram(counts_.begin(), counts_.end()) : histogram_;
}

}  // namespace octet::quant
