#include "quant/per_channel_min_max_observer.h"

#include <algorithm>
#include <limits>

#include "quant/min_max.h"

namespace octet::quant {

void PerChannelMinMaxObserver::observe(const Tensor& x) {
  if (x.numel() == 0) return;
  const auto channels = static_cast<size_t>(x.size(0));
  if (min_.empty()) {
    min_.assign(channels, std::numeric_limits<float>::infinity());
    max_.assign(channels, -std::numeric_limits<float>::infinity());
  }
  OCTET_CHECK(min_.size() == channels, "PerChannelMinMaxObserver: shape ", x.shape(), " after tensors with ", min_.size(),
              " channels");
  const int64_t row = x.numel() / x.size(0);
  for (size_t k = 0; k < channels; ++k) {
    const MinMax seen = min_max(x.data<float>() + static_cast<int64_t>(k) * row, row);
    OCTET_CHECK(!seen.has_nan, "PerChannelMinMaxObserver: NaN in channel ", k, " of a tensor of shape ", x.shape());
    min_[k] = std::min(min_[k], seen.min);
    max_[k] = std::max(max_[k], seen.max);
  }
}

std::vector<float> PerChannelMinMaxObserver::calculate_scales() const {
  OCTET_CHECK(!min_.empty(), "PerChannelMinMaxObserver: nothing was observed");
  std::vector<float> scales;
  for (size_t k = 0; k < min_.size(); ++k) scales.push_back(symmetric_qparams(min_[k], max_[k], kQint8Range).scale);
  return scales;
}

}  // namespace octet::quant
