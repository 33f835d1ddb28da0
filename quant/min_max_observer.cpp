#include "quant/min_max_observer.h"

#include <algorithm>

#include "quant/min_max.h"

namespace octet::quant {

void MinMaxObserver::observe(const Tensor& x) {
  if (x.numel() == 0) return;
  const MinMax seen = min_max(x.data<float>(), x.numel());
  OCTET_CHECK(!seen.has_nan, "MinMaxObserver: NaN in a tensor of shape ", x.shape());
  min_ = std::min(min_, seen.min);
  max_ = std::max(max_, seen.max);
}

QParams MinMaxObserver::calculate_qparams() const {
  OCTET_CHECK(min_ <= max_, "MinMaxObserver: nothing was observed; calibrate before converting");
  return options_.scheme == QScheme::affine ? affine_qparams(min_, max_, options_.range)
                                            : symmetric_qparams(min_, max_, options_.range);
}

}  // namespace octet::quant
