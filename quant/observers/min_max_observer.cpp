#include "quant/observers/min_max_observer.h"

#include <algorithm>

namespace octet::quant {

void MinMaxObserver::update(const Tensor&, const MinMax& seen) {
  min_ = std::min(min_, seen.min);
  max_ = std::max(max_, seen.max);
}

Observer::Range MinMaxObserver::range() const {
  OCTET_CHECK(saw_something(), kind(), ": nothing was observed; calibrate before converting");
  OCTET_CHECK(min_ <= max_, kind(), ": the smallest value ", min_, " is above the largest, ", max_,
              ", by rounding: the batches' averages have come too close; observe more of them");
  return {min_, max_};
}

}  // namespace octet::quant
