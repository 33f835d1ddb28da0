// MinMaxObserver: the smallest and largest value ever seen.   min = min(min, min(x)), max = max(max, max(x))
// PyTorch counterpart: torch.ao.quantization.MinMaxObserver; the default for weights under qnnpack (qint8, symmetric).
#pragma once

#include <limits>

#include "quant/observers/observer.h"

namespace octet::quant {

class MinMaxObserver : public Observer {
 public:
  explicit MinMaxObserver(const QSpec& spec) : Observer(spec) {}

  Range range() const override;
  /// Goes on from a range that was seen earlier.
  void restore(float min, float max) { min_ = min, max_ = max; }
  std::string kind() const override { return "MinMaxObserver"; }
  float min() const override { return min_; }
  float max() const override { return max_; }

 protected:
  void update(const Tensor& x, const MinMax& seen) override;
  bool saw_something() const { return min_ != std::numeric_limits<float>::infinity() || max_ != -min_; }

  float min_ = std::numeric_limits<float>::infinity();
  float max_ = -std::numeric_limits<float>::infinity();
};

}  // namespace octet::quant
