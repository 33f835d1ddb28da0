// QConfig: which observers a backend uses for activations and weights, and whose arithmetic its int8 graph follows.
// PyTorch counterpart: torch.ao.quantization.get_default_qconfig_mapping(backend).
//
//   backend        activations                        weights (qint8, symmetric)    engine
//   qnnpack        HistogramObserver 0..255           MinMax, one scale             qnnpack
//   fbgemm, x86    HistogramObserver 0..127           MinMax per output channel     fbgemm
//   onednn         HistogramObserver 0..255           MinMax per output channel     fbgemm
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "quant/observer.h"

namespace octet::quant {

struct QConfig {
  std::string backend;
  std::function<std::shared_ptr<Observer>()> activation;
  /// Scales of a weight [K, ...]: one, or one per output channel.
  std::function<std::vector<float>(const Tensor& weight)> weight_scale;
  Engine engine = Engine::qnnpack;
};

/// Throws Error for an unknown backend.
QConfig default_qconfig(const std::string& backend);

/// "qnnpack" or "fbgemm"; throws Error otherwise.
Engine parse_engine(const std::string& name);

}  // namespace octet::quant
