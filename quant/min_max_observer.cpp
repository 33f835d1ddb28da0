#include "quant/min_max_observer.h"

#include <algorithm>

namespace octet::quant {

void MinMaxObserver::update(const Tensor&, const MinMax& seen) {
  min_ = std::min(min_, seen.min);
  max_ = std::max(max_, seen.max);
}

Observer::Range MinMaxObserver::range() const {
  OCTET_CHECK(saw_something(), kind(), ": nothing was observed; calibrate before converting");
  return {min_, max_};
}

}  // namespace octet::quant
