#include "quant/observers/observer.h"

namespace octet::quant {

Tensor Observer::operator()(const Tensor& x) {
  if (x.numel() == 0) return x;
  const MinMax seen = min_max(x);
  OCTET_CHECK(seen.all_finite(), kind(), ": NaN or infinity in a tensor of shape ", x.shape());
  update(x, seen);
  return x;
}

void Observer::observe(const Tensor& x) {
  if (x.numel() == 0) return;
  const MinMax seen = min_max(x);
  OCTET_CHECK(!seen.has_nan, kind(), ": NaN in a tensor of shape ", x.shape());
  update(x, seen);
}

}  // namespace octet::quant
