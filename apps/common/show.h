// What `quantize` prints and reports at each stage of the workflow.
#pragma once

#include <nlohmann/json.hpp>

#include "apps/common/evaluate.h"
#include "quant/insert_observers.h"
#include "quant/verify_by_hand.h"

namespace octet::apps {

void show_stage(int number, const std::string& title);
void show_observers(const std::vector<quant::ObserverInfo>& observers, size_t count);
/// Weight and output scales of the first int8 layer, and a row of its weights as floats and as codes.
void show_first_layer(const nn::Graph& int8_graph);
void show_codes(const quant::HandCheck& check);
void show_skipped(const std::vector<loaders::Skipped>& skipped);

/// "observers" and "layers" of report.json.
nlohmann::json observers_json(const std::vector<quant::ObserverInfo>& observers);
nlohmann::json layers_json(const nn::Graph& int8_graph);

}  // namespace octet::apps
