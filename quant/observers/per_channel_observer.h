// PerChannelObserver: one observer for each slice of dimension 0 (the output channel of a weight), and so one scale per slice.
// PyTorch counterparts: with MinMaxObserver inside, torch.ao.quantization.PerChannelMinMaxObserver(ch_axis=0); with
// MovingAverageMinMaxObserver, MovingAveragePerChannelMinMaxObserver. Any other observer can be inside, which PyTorch has not.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "quant/observers/observer.h"

namespace octet::quant {

using MakeObserver = std::function<std::shared_ptr<Observer>()>;

class PerChannelObserver {
 public:
  explicit PerChannelObserver(MakeObserver make) : make_(std::move(make)) {}

  /// x [K, ...] float32, the same K at every call. Throws Error for NaN, naming the channel.
  void observe(const Tensor& x);
  /// One per slice. Throws Error when nothing was observed.
  std::vector<QParams> calculate_qparams() const;

  const std::vector<std::shared_ptr<Observer>>& channels() const { return channels_; }

 private:
  MakeObserver make_;
  std::vector<std::shared_ptr<Observer>> channels_;
};

}  // namespace octet::quant
