#include "quant/qconfig/qconfig.h"

#include "quant/observers/entropy_observer.h"
#include "quant/observers/fixed_qparams_observer.h"
#include "quant/observers/histogram_observer.h"
#include "quant/observers/moving_average_min_max_observer.h"
#include "quant/observers/mse_observer.h"
#include "quant/observers/percentile_observer.h"
#include "tensor/text.h"

namespace octet::quant {

namespace {

struct ObserverKind {
  const char* name;
  bool suits_weights;  // a weight is seen once, so there is nothing to average; and it has too few values for an entropy
  std::shared_ptr<Observer> (*make)(const ObserverChoice&);
  bool chooses = true;  // by what it sees
};

template <class T>
std::shared_ptr<Observer> from_spec(const ObserverChoice& c) {
  return std::make_shared<T>(c.spec);
}

/// An observer is a row here and a class of quant/observers/.
constexpr ObserverKind kObservers[] = {
    {"HistogramObserver", true, from_spec<HistogramObserver>},
    {"MinMaxObserver", true, from_spec<MinMaxObserver>},
    {"MovingAverageMinMaxObserver", false,
     [](const ObserverChoice& c) -> std::shared_ptr<Observer> {
       return std::make_shared<MovingAverageMinMaxObserver>(c.spec, c.averaging_constant);
     }},
    {"PercentileObserver", true,
     [](const ObserverChoice& c) -> std::shared_ptr<Observer> {
       return std::make_shared<PercentileObserver>(c.spec, c.percentile);
     }},
    {"EntropyObserver", false, from_spec<EntropyObserver>},
    {"MseObserver", true, from_spec<MseObserver>},
    {"FixedQParamsObserver", false,
     [](const ObserverChoice& c) -> std::shared_ptr<Observer> { return std::make_shared<FixedQParamsObserver>(c.spec, c.fixed); },
     false},
};

const ObserverKind& observer_kind(const std::string& name) {
  std::string known;
  for (const ObserverKind& kind : kObservers) {
    if (name == kind.name) return kind;
    known += str(known.empty() ? "" : ", ", kind.name);
  }
  fail("unknown observer ", quoted(name), ": expected one of ", known);
}

}  // namespace

const std::vector<std::string>& observer_kinds() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const ObserverKind& kind : kObservers)
      if (kind.chooses) names.emplace_back(kind.name);
    return names;
  }();
  return kNames;
}

bool suits_weights(const std::string& kind) { return observer_kind(kind).suits_weights; }

std::shared_ptr<Observer> make_observer(const ObserverChoice& c) { return observer_kind(c.kind).make(c); }

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
