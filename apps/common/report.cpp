#include "apps/common/report.h"

#include "apps/common/cli.h"
#include "nn/graph/output_qparams.h"
#include "nn/graph/print.h"
#include "quant/passes/patterns.h"

namespace octet::apps {
namespace {

using nlohmann::json;

const std::vector<float>* weight_scale_of(const nn::Op& op) {
  if (const auto* conv = std::get_if<nn::op::QuantizedConv2d>(&op)) return &conv->layer->params().weight_scale;
  if (const auto* linear = std::get_if<nn::op::QuantizedLinear>(&op)) return &linear->layer->params().weight_scale;
  return nullptr;
}

json observers_json(const std::vector<quant::ObserverInfo>& observers) {
  json list = json::array();
  for (const auto& [name, observes, observer] : observers) {
    const auto q = observer->calculate_qparams();
    list.push_back({{"name", name},
                    {"observes", observes},
                    {"kind", observer->kind()},
                    {"min", observer->min()},
                    {"max", observer->max()},
                    {"scale", q.scale},
                    {"zero_point", q.zero_point}});
  }
  return list;
}

json layers_json(const nn::Graph& graph) {
  json list = json::array();
  for (const nn::Node& node : graph.nodes()) {
    const auto q = nn::own_qparams(node.op);
    if (!q) continue;
    json layer = {{"name", node.name}, {"type", nn::type_name(node)}, {"scale", q->scale}, {"zero_point", q->zero_point}};
    if (const auto* scale = weight_scale_of(node.op)) layer["weight_scale"] = *scale;
    list.push_back(std::move(layer));
  }
  return list;
}

json float_layers_json(const nn::Graph& int8) {
  json list = json::array();
  for (const auto& [name, type, reason] : float_layers(int8))
    list.push_back({{"name", name}, {"type", type}, {"reason", reason}});
  return list;
}

}  // namespace

std::vector<FloatLayer> float_layers(const nn::Graph& int8) {
  std::vector<FloatLayer> found;
  for (const nn::Node& node : int8.nodes()) {
    const bool asked = quant::has_int8_form(node.op);
    if (asked || quant::is_float_only(node.op))
      found.push_back({node.name, nn::type_name(node), asked ? "as asked" : "no int8 form"});
  }
  return found;
}

json report_json(const quant::QConfigMapping& qconfig, const std::vector<quant::ObserverInfo>& observers,
                 const nn::Graph& int8_graph, const std::optional<quant::HandCheck>& check, const Evaluation& e,
                 const Sizes& sizes) {
  return {{"backend", qconfig.backend()},
          {"engine", name_of(qconfig.engine())},
          {"observers", observers_json(observers)},
          {"layers", layers_json(int8_graph)},
          {"kept_float", float_layers_json(int8_graph)},
          {"hand_check", check ? json{{"equal", check->equal}, {"total", check->total}} : json(nullptr)},
          {"accuracy",
           {{"float", e.accuracy()},
            {"fake_quant", e.scores.size() > 2 ? json(e.accuracy(1)) : json(nullptr)},
            {"int8", e.accuracy(e.scores.size() - 1)},
            {"agreement", e.share(e.scores.back().agree)},
            {"images", e.images},
            {"skipped", e.skipped.size()}}},
          {"bytes", {{"float", sizes.float_bytes}, {"int8", sizes.int8_bytes}, {"peak_memory", peak_memory()}}}};
}

}  // namespace octet::apps
