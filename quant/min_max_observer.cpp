#include "quant/min_max_observer.h"

#include <algorithm>

#include "quant/min_max.h"

namespace octet::quant {

void MinMaxObserver::observe(const Tensor& x) {
  if (x.numel() == 0) return;
  const MinMax seen = min_max(x.data<float>(), x.numel());
  OCTET_CHECK(!seen.has_nan, kind(), ": NaN in a tensor of shape ", x.shape());
  update(seen.min, seen.max);
}

void MinMaxObserver::update(float min, float max) {
  min_ = std::min(min_, min);
  max_ = std::max(max_, max);
}

Observer::Range MinMaxObserver::range() const {
  OCTET_CHECK(saw_something(), kind(), ": nothing was observed; calibrate before converting");
  return {min_, max_};
}

}  // namespace octet::quant
