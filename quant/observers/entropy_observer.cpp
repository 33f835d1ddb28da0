#include "quant/observers/entropy_observer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace octet::quant {
namespace {

using Masses = std::vector<double>;

/// The histogram of |x| over [0, largest] with kBins bins, from that of x: each bin's values are spread evenly over it.
Masses of_magnitudes(const Histogram& histogram, double min, double bin_width, double largest) {
  Masses out(kBins);
  const double out_width = largest / static_cast<double>(kBins);
  const auto spread = [&](double begin, double end, double mass) {  // 0 <= begin < end
    const auto first = std::min<int64_t>(kBins - 1, static_cast<int64_t>(begin / out_width));
    const auto last = std::clamp<int64_t>(static_cast<int64_t>(std::ceil(end / out_width)) - 1, first, kBins - 1);
    for (int64_t b = first; b <= last; ++b) {
      const double low = b == first ? begin : static_cast<double>(b) * out_width,
                   high = b == last ? end : static_cast<double>(b + 1) * out_width;
      out[static_cast<size_t>(b)] += mass * (high - low) / (end - begin);
    }
  };
  for (int64_t b = 0; b < kBins; ++b) {
    const double mass = histogram[static_cast<size_t>(b)], begin = min + static_cast<double>(b) * bin_width,
                 end = begin + bin_width;
    if (mass == 0) continue;
    if (begin < 0 && end > 0) {
      spread(0, -begin, mass * -begin / bin_width);
      spread(0, end, mass * end / bin_width);
    } else {
      spread(std::min(std::abs(begin), std::abs(end)), std::max(std::abs(begin), std::abs(end)), mass);
    }
  }
  return out;
}

/// KL divergence of the first `bins` bins, with the rest in the last of them, from their merging into kLevels; infinite where it
/// is not defined.
double divergence(const Masses& masses, int64_t bins, double beyond) {
  const double total = std::accumulate(masses.begin(), masses.begin() + bins, beyond), q_total = total - beyond;
  if (q_total == 0) return INFINITY;
  double sum = 0;
  for (int64_t level = 0; level < EntropyObserver::kLevels; ++level) {
    const int64_t begin = level * bins / EntropyObserver::kLevels, end = (level + 1) * bins / EntropyObserver::kLevels;
    const double mass = std::accumulate(masses.begin() + begin, masses.begin() + end, 0.0);
    const auto filled = std::count_if(masses.begin() + begin, masses.begin() + end, [](double m) { return m > 0; });
    for (int64_t b = begin; b < end; ++b) {
      const double p = (masses[static_cast<size_t>(b)] + (b == bins - 1 ? beyond : 0)) / total;
      const double q = masses[static_cast<size_t>(b)] > 0 ? mass / static_cast<double>(filled) / q_total : 0;
      if (p > 0 && q == 0) return INFINITY;
      if (p > 0) sum += p * std::log(p / q);
    }
  }
  return sum;
}

}  // namespace

Observer::Range EntropyObserver::range() const {
  const double largest = std::max(std::abs(static_cast<double>(min())), std::abs(static_cast<double>(max())));
  const Histogram counts = histogram();
  if (min() == max() || largest == 0) return {min(), max()};
  Masses masses = of_magnitudes(counts, min(), bin_width(), largest);
  masses[0] = masses[1];
  Masses beyond(kBins + 1);  // [i]: mass of the bins from i on
  for (int64_t b = kBins; b-- > 0;)
    beyond[static_cast<size_t>(b)] = beyond[static_cast<size_t>(b + 1)] + masses[static_cast<size_t>(b)];
  int64_t best = kBins;
  double smallest = INFINITY;
  for (int64_t bins = kBins; bins >= kLevels; --bins)  // from the widest, which wins a tie
    if (const double d = divergence(masses, bins, beyond[static_cast<size_t>(bins)]); d < smallest) {
      smallest = d;
      best = bins;
    }
  const auto t = static_cast<float>(largest * static_cast<double>(best) / static_cast<double>(kBins));
  return {std::max(min(), -t), std::min(max(), t)};
}

}  // namespace octet::quant
