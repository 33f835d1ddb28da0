#include "quant/observers/percentile_observer.h"

#include <numeric>

namespace octet::quant {

PercentileObserver::PercentileObserver(const QSpec& spec, double percentile) : HistogramCollector(spec), percentile_(percentile) {
  OCTET_CHECK(percentile > 0 && percentile <= 100, "PercentileObserver: percentile ", percentile,
              ", expected above 0, up to 100");
}

Observer::Range PercentileObserver::range() const {
  const Histogram counts = histogram();
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0), cut = (1 - percentile_ / 100) / 2 * total;
  int64_t first = 0, last = kBins - 1;
  for (double left = counts.front(); left <= cut && first < last;) left += counts[static_cast<size_t>(++first)];
  for (double right = counts.back(); right <= cut && last > first;) right += counts[static_cast<size_t>(--last)];
  const auto edge = [&](int64_t bin) {
    return static_cast<float>(static_cast<double>(min()) + bin_width() * static_cast<double>(bin));
  };
  return {first == 0 ? min() : edge(first), last == kBins - 1 ? max() : edge(last + 1)};
}

}  // namespace octet::quant
