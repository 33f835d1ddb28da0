// report.json, which quantize writes beside its model: observers, layers, accuracy and sizes.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/evaluate.h"
#include "quant/checks/verify_by_hand.h"
#include "quant/passes/insert_observers.h"

namespace octet::apps {

struct Sizes {
  size_t float_bytes, int8_bytes;  // of the float parameters, and of the int8 model's file
};

/// A call of an int8 graph that computes in float.
struct FloatLayer {
  std::string name, type, reason;  // "_1_0_mp", "AdaptiveMaxPool2d", "no int8 form"
};
std::vector<FloatLayer> float_layers(const nn::Graph& int8_graph);

/// report.json without its timings.
nlohmann::json report_json(const quant::QConfigMapping& qconfig, const std::vector<quant::ObserverInfo>& observers,
                           const nn::Graph& int8_graph, const std::optional<quant::HandCheck>& check,
                           const Evaluation& evaluation, const Sizes& sizes);

}  // namespace octet::apps
