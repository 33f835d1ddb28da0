// report.json, which quantize writes beside its model: what went in, what was observed, what came of it (docs/report.md).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/calibrate.h"
#include "apps/common/data.h"
#include "apps/common/evaluate.h"
#include "loaders/checkpoints/model_card.h"
#include "quant/checks/compare.h"
#include "quant/checks/node_errors.h"
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

/// All that report.json says, except its inputs and timings. It only refers to what the program has.
struct Report {
  const quant::QConfigMapping& qconfig;
  const std::vector<quant::ObserverInfo>& observers;
  const nn::Graph& int8_graph;
  const std::optional<quant::HandCheck>& check;
  const loaders::ModelCard& card;
  const CalibrationSet& calibrated_on;
  const Calibrated& calibration;
  size_t also_evaluated;                                 // images that were calibrated on and are evaluated, too
  const std::vector<quant::NodeComparison>& comparison;  // empty: not compared
  const std::vector<quant::NodeError>& errors;           // int8 beside float, node by node
  const std::vector<ResultDifference>& results;          // empty: there are images, or they were not compared
  const EvaluationSet& evaluated_on;
  const std::optional<Evaluation>& evaluation;
  const Sizes& sizes;
};

/// The version of its form: one more when a field goes or changes its meaning. docs/report.md has the fields.
inline constexpr int kReportVersion = 1;

nlohmann::json report_json(const Report& report);

}  // namespace octet::apps
