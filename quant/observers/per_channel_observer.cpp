#include "quant/observers/per_channel_observer.h"

#include <algorithm>
#include <iterator>

namespace octet::quant {

void PerChannelObserver::observe(const Tensor& x) {
  if (x.numel() == 0) return;
  const int64_t channels = x.size(0);
  if (channels_.empty()) std::generate_n(std::back_inserter(channels_), channels, make_);
  OCTET_CHECK(std::ssize(channels_) == channels, "PerChannelObserver: shape ", x.shape(), " after tensors with ",
              channels_.size(), " channels");
  for (int64_t k = 0; k < channels; ++k) try {
      channels_[static_cast<size_t>(k)]->observe(x.slice(k, k + 1));
    } catch (const Error& error) {
      fail("channel ", k, ": ", error.what());
    }
}

std::vector<QParams> PerChannelObserver::calculate_qparams() const {
  OCTET_CHECK(!channels_.empty(), "PerChannelObserver: nothing was observed");
  std::vector<QParams> qparams;
  for (const auto& channel : channels_) qparams.push_back(channel->calculate_qparams());
  return qparams;
}

}  // namespace octet::quant
