// MovingAverageMinMaxObserver: a moving average of each batch's smallest and largest value.
//   first batch: min = min(x);   then: min += c * (min(x) - min),   and max alike,   c = averaging_constant = 0.01
// PyTorch counterpart: torch.ao.quantization.MovingAverageMinMaxObserver; what FakeQuantize observes with in training.
#pragma once

#include "quant/observers/min_max_observer.h"

namespace octet::quant {

class MovingAverageMinMaxObserver : public MinMaxObserver {
 public:
  explicit MovingAverageMinMaxObserver(const QSpec& spec, float averaging_constant = 0.01f)
      : MinMaxObserver(spec), averaging_constant_(averaging_constant) {}
  std::string kind() const override { return "MovingAverageMinMaxObserver"; }
  void begin_first_pass() override {
    fail(kind(),
         ": an average over batches depends on their order, so two-pass calibration is not for it; take another observer");
  }

 protected:
  void update(const Tensor& x, const MinMax& seen) override {
    if (!saw_something()) return MinMaxObserver::update(x, seen);
    min_ = min_ + averaging_constant_ * (seen.min - min_);
    max_ = max_ + averaging_constant_ * (seen.max - max_);
  }

 private:
  float averaging_constant_;
};

}  // namespace octet::quant
