#include "quant/qconfig/qconfig.h"

#include <algorithm>

#include "quant/observers/entropy_observer.h"
#include "quant/observers/histogram_observer.h"
#include "quant/observers/moving_average_min_max_observer.h"
#include "quant/observers/mse_observer.h"
#include "quant/observers/percentile_observer.h"

namespace octet::quant {

const std::vector<std::string>& observer_kinds() {
  static const std::vector<std::string> kKinds = {"HistogramObserver",  "MinMaxObserver",  "MovingAverageMinMaxObserver",
                                                  "PercentileObserver", "EntropyObserver", "MseObserver"};
  return kKinds;
}

std::shared_ptr<Observer> make_observer(const ObserverChoice& c) {
  if (c.kind == "HistogramObserver") return std::make_shared<HistogramObserver>(c.spec);
  if (c.kind == "MinMaxObserver") return std::make_shared<MinMaxObserver>(c.spec);
  if (c.kind == "MovingAverageMinMaxObserver") return std::make_shared<MovingAverageMinMaxObserver>(c.spec, c.averaging_constant);
  if (c.kind == "PercentileObserver") return std::make_shared<PercentileObserver>(c.spec, c.percentile);
  if (c.kind == "EntropyObserver") return std::make_shared<EntropyObserver>(c.spec);
  if (c.kind == "MseObserver") return std::make_shared<MseObserver>(c.spec);
  std::string known;
  for (const std::string& kind : observer_kinds()) known += (known.empty() ? "" : ", ") + kind;
  fail("unknown observer '", c.kind, "': expected one of ", known);
}

std::vector<float> weight_scales(const ObserverChoice& choice, const Tensor& weight) {
  OCTET_CHECK(choice.spec.dtype == DType::qint8 && choice.spec.scheme == QScheme::symmetric, "weights are ", choice.spec.dtype,
              ": expected qint8 and symmetric, as the int8 layers want them");
  std::vector<float> scales;
  if (!choice.per_channel) {
    const auto observer = make_observer(choice);
    observer->observe(weight);
    return {observer->calculate_qparams().scale};
  }
  PerChannelObserver observer([&] { return make_observer(choice); });
  observer.observe(weight);
  for (const QParams& q : observer.calculate_qparams()) scales.push_back(q.scale);
  return scales;
}

}  // namespace octet::quant
