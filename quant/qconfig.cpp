#include "quant/qconfig.h"

#include "quant/histogram_observer.h"
#include "quant/min_max_observer.h"
#include "quant/per_channel_min_max_observer.h"

namespace octet::quant {
namespace {

std::vector<float> per_tensor_scale(const Tensor& weight) {
  MinMaxObserver observer({.range = kQint8Range, .scheme = QScheme::symmetric});
  observer.observe(weight);
  return {observer.calculate_qparams().scale};
}

std::vector<float> per_channel_scales(const Tensor& weight) {
  PerChannelMinMaxObserver observer;
  observer.observe(weight);
  return observer.calculate_scales();
}

}  // namespace

QConfig default_qconfig(const std::string& backend) {
  const bool known = backend == "qnnpack" || backend == "fbgemm" || backend == "x86" || backend == "onednn";
  OCTET_CHECK(known, "unknown backend '", backend, "': expected qnnpack, fbgemm, x86 or onednn");
  const QRange range = quint8_range(/*reduce_range=*/backend == "fbgemm" || backend == "x86");
  return {.backend = backend,
          .activation = [range] { return std::make_shared<HistogramObserver>(range); },
          .weight_scale = backend == "qnnpack" ? per_tensor_scale : per_channel_scales,
          .engine = backend == "qnnpack" ? Engine::qnnpack : Engine::fbgemm};
}

Engine parse_engine(const std::string& name) {
  if (name == "qnnpack") return Engine::qnnpack;
  OCTET_CHECK(name == "fbgemm", "unknown engine '", name, "': expected qnnpack or fbgemm");
  return Engine::fbgemm;
}

}  // namespace octet::quant
