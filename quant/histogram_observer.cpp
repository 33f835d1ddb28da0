#include "quant/histogram_observer.h"

#include <algorithm>
#include <cmath>

#include "quant/min_max.h"

namespace octet::quant {

void HistogramObserver::observe(const Tensor& x) {
  if (x.numel() == 0) return;
  const float* values = x.data<float>();
  const MinMax seen = min_max(values, x.numel());
  OCTET_CHECK(!seen.has_nan, "HistogramObserver: NaN in a tensor of shape ", x.shape());
  if (std::isfinite(seen.min) && std::isfinite(seen.max)) return observe_finite(values, x.numel());
  std::vector<float> finite;
  std::copy_if(values, values + x.numel(), std::back_inserter(finite), [](float v) { return std::isfinite(v); });
  if (!finite.empty()) observe_finite(finite.data(), static_cast<int64_t>(finite.size()));
}

void HistogramObserver::observe_finite(const float* x, int64_t n) {
  const MinMax seen = min_max(x, n);
  const bool is_first = histogram_.empty();
  const float new_min = std::min(min_, seen.min), new_max = std::max(max_, seen.max);
  Histogram combined = histc(x, n, new_min, new_max);
  if (!is_first) {
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
  min_ = new_min;
  max_ = new_max;
  histogram_ = std::move(combined);
}

namespace {

/// density * integral of x^2 from begin to end
float norm(float begin, float end, float density) { return density * ((end * end * end - begin * begin * begin) / 3.0f); }

/// torch.div(a, b, rounding_mode="floor") of two floats (c10/util/generic_math.h, div_floor_floating), b > 0.
float div_floor(float a, float b) {
  const float mod = std::fmod(a, b);
  float div = (a - mod) / b;
  if (mod < 0) div -= 1.0f;
  if (div == 0) return 0.0f;
  const float floored = std::floor(div);
  return div - floored > 0.5f ? floored + 1.0f : floored;
}

/// PyTorch searches with the 256 codes of the data type even under reduce_range.
constexpr double kCodes = 256;

}  // namespace

// The error of quantizing the histogram to kCodes codes over bins start_bin..end_bin: each source bin's values are spread evenly
// over it and are rounded to the centers of the codes that it overlaps. Double where Python computes, float where torch does.
float HistogramObserver::quantization_error(int64_t start_bin, int64_t end_bin) const {
  const double bin_width = (static_cast<double>(max_) - static_cast<double>(min_)) / static_cast<double>(kBins);
  const double code_width = bin_width * static_cast<double>(end_bin - start_bin + 1) / kCodes;
  if (code_width == 0) return 0;
  const float w = static_cast<float>(bin_width), c = static_cast<float>(code_width), half = static_cast<float>(code_width / 2);
  Histogram error(kBins);
  for (int64_t bin = 0; bin < kBins; ++bin) {
    const float begin = static_cast<float>(bin - start_bin) * w, end = begin + w;
    const float code_of_begin = std::clamp(div_floor(begin, c), 0.0f, static_cast<float>(kCodes - 1));
    const float code_of_end = std::clamp(div_floor(end, c), 0.0f, static_cast<float>(kCodes - 1));
    const float density = histogram_[static_cast<size_t>(bin)] / w;
    float e = 0.0f;
    e += norm(begin - (code_of_begin + 0.5f) * c, half, density);            // from the bin's begin to the end of its first code
    e += (code_of_end - code_of_begin - 1.0f) * norm(-half, half, density);  // whole codes between
    e += norm(-half, end - (code_of_end * c + half), density);               // from the begin of its last code to the bin's end
    error[static_cast<size_t>(bin)] = e;
  }
  return sum(error);
}

HistogramObserver::Range HistogramObserver::search_range() const {
  OCTET_CHECK(!histogram_.empty(), "HistogramObserver: nothing was observed; calibrate before converting");
  constexpr double kStep = 1e-5;  // quantile that one step cuts off
  const float bin_width = (max_ - min_) / static_cast<float>(kBins);
  const Histogram cumulative = cumsum(histogram_);
  const double total = static_cast<double>(sum(histogram_));
  double alpha = 0, beta = 1;  // quantiles at the ends of the range
  int64_t start = 0, end = kBins - 1;
  float smallest = std::numeric_limits<float>::infinity();
  while (alpha < beta) {
    const double next_alpha = alpha + kStep, next_beta = beta - kStep;
    int64_t left = start, right = end;
    while (left < end && cumulative[static_cast<size_t>(left)] < static_cast<float>(next_alpha * total)) ++left;
    while (right > start && cumulative[static_cast<size_t>(right)] > static_cast<float>(next_beta * total)) --right;
    int64_t next_start = start, next_end = end;
    if (left - start > end - right) {
      next_start = left;
      alpha = next_alpha;
    } else {
      next_end = right;
      beta = next_beta;
    }
    if (next_start == start && next_end == end) continue;
    const float error = quantization_error(next_start, next_end);
    if (error > smallest) break;
    smallest = error;
    start = next_start;
    end = next_end;
  }
  return {min_ + bin_width * static_cast<float>(start), min_ + bin_width * static_cast<float>(end + 1)};
}

QParams HistogramObserver::calculate_qparams() const {
  const Range range = search_range();
  return affine_qparams(range.min, range.max, range_);
}

}  // namespace octet::quant
