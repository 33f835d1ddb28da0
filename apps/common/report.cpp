#include "apps/common/report.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "apps/common/classes.h"
#include "apps/common/cli.h"
#include "loaders/files/bytes.h"
#include "nn/graph/int8_layer.h"
#include "nn/graph/output_qparams.h"
#include "nn/graph/print.h"
#include "quant/observers/histogram_collector.h"
#include "quant/passes/patterns.h"

namespace octet::apps {
namespace {

using nlohmann::json;

const std::vector<float>* weight_scale_of(const nn::Op& op) {
  const ops::int8::QuantizedLayer* layer = nn::int8_layer(op);
  return layer ? &layer->weight_scale : nullptr;
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
                    {"zero_point", q.zero_point},
                    {"histogram", nullptr}});
    if (const auto* collector = dynamic_cast<const quant::HistogramCollector*>(observer.get()))
      list.back()["histogram"] = collector->histogram();
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

/// int8 beside fake quantization; a fault of the int8 graph would be in "suspicious".
json comparison_json(const std::vector<quant::NodeComparison>& rows) {
  json nodes = json::array(), suspicious = json::array();
  for (const quant::NodeComparison& r : rows) {
    nodes.push_back({{"name", r.name},
                     {"type", r.type},
                     {"codes", r.local.codes},
                     {"differing", r.local.differing},
                     {"largest", r.local.largest},
                     {"mean", r.local.mean()},
                     {"expected_share", r.expected},
                     {"differing_in_all", r.overall.differing}});
    if (r.suspicious()) suspicious.push_back(r.name);
  }
  return {{"nodes", std::move(nodes)}, {"suspicious", std::move(suspicious)}};
}

/// Infinite decibels, where nothing differs, are null.
json decibels_json(double sqnr) { return std::isfinite(sqnr) ? json(sqnr) : json(nullptr); }

json closeness_json(const quant::Closeness& c) { return {{"sqnr", decibels_json(c.sqnr)}, {"cosine", c.cosine}}; }

json errors_json(const std::vector<quant::NodeError>& errors) {
  json list = json::array();
  for (const quant::NodeError& e : errors)
    list.push_back({{"name", e.name},
                    {"type", e.type},
                    {"partner", e.partner},
                    {"observer", e.observer},
                    {"local", closeness_json(e.local)},
                    {"cumulative", closeness_json(e.cumulative)},
                    {"fake_quant", closeness_json(e.fake_quant)},
                    {"weight_sqnr", e.weight_sqnr ? decibels_json(*e.weight_sqnr) : json(nullptr)},
                    {"codes_used", e.codes_used},
                    {"clipped_low", e.clipped_low},
                    {"clipped_high", e.clipped_high},
                    {"largest_error", e.largest_error}});
  return list;
}

json changed_json(const Evaluation& e, const std::vector<std::string>& classes, const loaders::ModelCard& card) {
  json list = json::array();
  for (const ChangedAnswer& a : e.changed)
    list.push_back({{"image", loaders::printable(a.image)},
                    {"class", loaders::card_name(class_name(classes, static_cast<size_t>(a.label)))},
                    {"float", loaders::card_name(class_name(card.classes, static_cast<size_t>(a.first)))},
                    {"int8", loaders::card_name(class_name(card.classes, static_cast<size_t>(a.last)))}});
  return list;
}

json results_json(const std::vector<ResultDifference>& results) {
  json list = json::array();
  for (const ResultDifference& r : results)
    list.push_back(
        {{"name", loaders::printable(r.name)}, {"shape", r.shape}, {"sqnr", decibels_json(r.sqnr)}, {"largest", r.largest}});
  return list;
}

json classes_json(const Evaluation& e, const std::vector<std::string>& classes) {
  json list = json::array();
  for (size_t c = 0; c < classes.size(); ++c) {
    json row = {{"folder", loaders::card_name(classes[c])},
                {"name", loaders::card_name(class_name(classes, c))},
                {"images", e.images_of_class[c]},
                {"float", e.scores.front().right_of_class[c]},
                {"int8", e.scores.back().right_of_class[c]}};
    if (e.scores.size() > 2) row["fake_quant"] = e.scores[1].right_of_class[c];
    list.push_back(std::move(row));
  }
  return list;
}

json skipped_json(const std::vector<loaders::Skipped>& skipped) {
  json list = json::array();
  for (const loaders::Skipped& image : skipped)
    list.push_back({{"name", loaders::printable(image.name)}, {"reason", loaders::card_name(image.reason)}});
  return list;
}

json accuracy_json(const Evaluation& e, const std::vector<std::string>& classes) {
  return {{"float", e.accuracy()},
          {"fake_quant", e.scores.size() > 2 ? json(e.accuracy(1)) : json(nullptr)},
          {"int8", e.accuracy(e.scores.size() - 1)},
          {"agreement", e.share(e.scores.back().agree)},
          {"images", e.images},
          {"skipped", e.skipped.size()},
          {"classes", classes_json(e, classes)}};
}

/// Files beside the images of either set, which were not even opened as such.
json left_out_json(const CalibrationSet& calibrated_on, const EvaluationSet& evaluated_on) {
  std::map<std::string, loaders::Skipped> left_out;  // by name: the sets often are the same
  for (const loaders::ImageFolder* images : {calibrated_on.images.get(), evaluated_on.images.get()})
    if (images)
      for (const loaders::Skipped& file : images->skipped()) left_out.emplace(file.name, file);
  std::vector<loaders::Skipped> files;
  for (const auto& [name, file] : left_out) files.push_back(file);
  return skipped_json(files);
}

}  // namespace

std::vector<FloatLayer> float_layers(const nn::Graph& int8) {
  std::vector<FloatLayer> found;
  for (const nn::Node& node : int8.nodes()) {
    const bool has_form = quant::has_int8_form(node.op);
    const char* reason = !has_form ? "no int8 form" : node.quantizable ? "as asked" : "no int8 form of this call";
    if (has_form || quant::is_float_only(node.op)) found.push_back({node.name, nn::type_name(node), reason});
  }
  return found;
}

json report_json(const Report& r) {
  return {
      {"version", kReportVersion},
      {"octet", OCTET_VERSION},
      {"backend", r.qconfig.backend()},
      {"engine", name_of(r.qconfig.engine())},
      {"model", json::parse(loaders::to_json(r.card))},
      {"observers", observers_json(r.observers)},
      {"layers", layers_json(r.int8_graph)},
      {"kept_float", float_layers_json(r.int8_graph)},
      {"hand_check", r.check ? json{{"equal", r.check->equal}, {"total", r.check->total}} : json(nullptr)},
      {"calibration",
       {{"data", loaders::printable(r.calibrated_on.source)},
        {"images", r.calibration.images},
        {"also_evaluated", r.also_evaluated}}},
      {"comparison", r.comparison.empty() ? json(nullptr) : comparison_json(r.comparison)},
      {"nodes", errors_json(r.errors)},
      {"changed_answers", r.evaluation ? changed_json(*r.evaluation, r.evaluated_on.images->classes(), r.card) : json(nullptr)},
      {"results", r.results.empty() ? json(nullptr) : results_json(r.results)},
      {"accuracy", r.evaluation ? accuracy_json(*r.evaluation, r.evaluated_on.images->classes()) : json(nullptr)},
      {"not_evaluated", r.evaluation ? json(nullptr) : json(r.evaluated_on.none_because)},
      {"skipped",
       {{"calibration", skipped_json(r.calibration.skipped)},
        {"evaluation", r.evaluation ? skipped_json(r.evaluation->skipped) : json::array()},
        {"no_images", left_out_json(r.calibrated_on, r.evaluated_on)}}},
      {"bytes", {{"float", r.sizes.float_bytes}, {"int8", r.sizes.int8_bytes}, {"peak_memory", peak_memory()}}}};
}

}  // namespace octet::apps
