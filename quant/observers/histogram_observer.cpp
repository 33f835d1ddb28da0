// The search for the range [bin start, bin end] with the least quantization error. range() cuts 0.001 % of the values off one
// end at a time, the end where this frees more bins, and stops when the error rises. quantization_error() is the error of one
// such range:
//   sum over bins of density * integral of (x - center of x's code)^2
// Types (float, double) and order of operations are PyTorch's, so scale and zero point are the same bits. PyTorch counterpart:
// _non_linear_param_search and _compute_quantization_error in torch/ao/quantization/observer.py.
#include "quant/observers/histogram_observer.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace octet::quant {

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

}  // namespace

// Each source bin's values are spread evenly over it and are rounded to the centers of the codes that it overlaps. Double where
// Python computes, float where torch does.
float quantization_error(const Histogram& histogram, double bin_width, int64_t start_bin, int64_t end_bin, double codes) {
  const double code_width = bin_width * static_cast<double>(end_bin - start_bin + 1) / codes;
  if (code_width == 0) return 0;
  const float w = static_cast<float>(bin_width), c = static_cast<float>(code_width), half = static_cast<float>(code_width / 2);
  const auto last_code = static_cast<float>(codes - 1);
  Histogram error(histogram.size());
  for (int64_t bin = 0; bin < static_cast<int64_t>(histogram.size()); ++bin) {
    const float begin = static_cast<float>(bin - start_bin) * w, end = begin + w;
    const float code_of_begin = std::clamp(div_floor(begin, c), 0.0f, last_code);
    const float code_of_end = std::clamp(div_floor(end, c), 0.0f, last_code);
    const float density = histogram[static_cast<size_t>(bin)] / w;
    float e = 0.0f;
    e += norm(begin - (code_of_begin + 0.5f) * c, half, density);            // from the bin's begin to the end of its first code
    e += (code_of_end - code_of_begin - 1.0f) * norm(-half, half, density);  // whole codes between
    e += norm(-half, end - (code_of_end * c + half), density);               // from the begin of its last code to the bin's end
    error[static_cast<size_t>(bin)] = e;
  }
  return sum(error);
}

Observer::Range HistogramObserver::range() const {
  const Histogram histogram = this->histogram();
  constexpr double kCut = 1e-5;  // quantile that one turn cuts off
  // From bin to bin, in float32 as _non_linear_param_search has it; bin_width() is the double that Python's .item() makes for
  // _compute_quantization_error.
  const float step = (max() - min()) / static_cast<float>(kBins);
  const Histogram cumulative = cumsum(histogram);
  const double total = static_cast<double>(sum(histogram));
  double alpha = 0, beta = 1;  // quantiles at the ends of the range
  int64_t start = 0, end = kBins - 1;
  float smallest = std::numeric_limits<float>::infinity();
  while (alpha < beta) {
    const double next_alpha = alpha + kCut, next_beta = beta - kCut;
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
    const float error = quantization_error(histogram, bin_width(), next_start, next_end);
    if (error > smallest) break;
    smallest = error;
    start = next_start;
    end = next_end;
  }
  return {min() + step * static_cast<float>(start), min() + step * static_cast<float>(end + 1)};
}

}  // namespace octet::quant
