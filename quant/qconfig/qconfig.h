// QConfig: which observer chooses the scales of a layer's activations, and which those of its weight.
// PyTorch counterpart: torch.ao.quantization.QConfig; a pair of choices here, so that it can be compared, printed and read.
#pragma once

#include <string>
#include <vector>

#include "quant/observers/per_channel_observer.h"

namespace octet::quant {

/// The names of observers that choose by what they see, as PyTorch and the classes of quant/ have them: "HistogramObserver", ...
const std::vector<std::string>& observer_kinds();

/// Is this observer's answer a good one for a weight, which it sees once? Throws Error for an unknown kind.
bool suits_weights(const std::string& kind);

struct ObserverChoice {
  std::string kind = "HistogramObserver";
  QSpec spec = {};
  bool per_channel = false;          // weights only
  float averaging_constant = 0.01f;  // MovingAverageMinMaxObserver
  double percentile = 99.999;        // PercentileObserver
  QParams fixed = {};                // FixedQParamsObserver
  bool operator==(const ObserverChoice&) const = default;
};

/// Throws Error for an unknown kind, with the known ones.
std::shared_ptr<Observer> make_observer(const ObserverChoice& choice);

struct QConfig {
  ObserverChoice activation;
  ObserverChoice weight = {.kind = "MinMaxObserver", .spec = kWeightSpec};
  bool operator==(const QConfig&) const = default;
};

/// Scales of a weight [K, ...]: one, or one per output channel. Throws Error for a choice whose zero points are not 0.
std::vector<float> weight_scales(const ObserverChoice& choice, const Tensor& weight);

}  // namespace octet::quant
