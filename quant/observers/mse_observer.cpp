#include "quant/observers/mse_observer.h"

#include <algorithm>
#include <cmath>

namespace octet::quant {

double MseObserver::error(const Histogram& histogram, Range range) const {
  const QParams q = quant::calculate_qparams(range.min, range.max, spec());
  const CodeRange codes = spec().range();
  double sum = 0;
  for (int64_t b = 0; b < kBins; ++b) {
    const double count = histogram[static_cast<size_t>(b)];
    if (count == 0) continue;
    const double x = static_cast<double>(min()) + (static_cast<double>(b) + 0.5) * bin_width();
    const double code =
        std::clamp(std::nearbyint(x / q.scale) + q.zero_point, static_cast<double>(codes.qmin), static_cast<double>(codes.qmax));
    const double difference = x - (code - q.zero_point) * q.scale;
    sum += count * difference * difference;
  }
  return sum;
}

Observer::Range MseObserver::range() const {
  const Histogram counts = histogram();
  const Range whole{std::min(min(), 0.0f), std::max(max(), 0.0f)};
  Range best = whole;
  double smallest = error(counts, best);
  for (bool moved = true; moved;) {
    moved = false;
    for (float Range::*end : {&Range::min, &Range::max})
      for (int i = 1; i <= kSteps; ++i) {
        const float part = static_cast<float>(i) / kSteps;
        Range candidate = best;
        candidate.*end = whole.*end * part;
        if (spec().scheme == QScheme::symmetric) candidate = {whole.min * part, whole.max * part};  // one end alone does nothing
        const double e = error(counts, candidate);
        if (e >= smallest) continue;
        smallest = e;
        best = candidate;
        moved = true;
      }
  }
  return best;
}

}  // namespace octet::quant
