#include "apps/common/qconfig_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "apps/common/cli.h"
#include "loaders/files/file.h"
#include "quant/passes/insert_observers.h"
#include "quant/passes/patterns.h"
#include "quant/qconfig/qconfig_json.h"

namespace octet::apps {
namespace {

/// Short names of observers on the command line.
const std::map<std::string, std::string>& kinds() {
  static const std::map<std::string, std::string> kKinds = {
      {"histogram", "HistogramObserver"},   {"minmax", "MinMaxObserver"},   {"moving-average", "MovingAverageMinMaxObserver"},
      {"percentile", "PercentileObserver"}, {"entropy", "EntropyObserver"}, {"mse", "MseObserver"}};
  return kKinds;
}

}  // namespace

void add_qconfig_options(CLI::App& app, QConfigOptions& o) {
  std::vector<std::string> names;
  for (const auto& [name, kind] : kinds()) names.push_back(name);
  const auto add = [&](const char* name, auto& value, const char* text) {
    return app.add_option(name, value, text)->capture_default_str()->group("Quantization");
  };
  add("--backend", o.backend, "qconfig and engine")->check(CLI::IsMember(quant::backend_names()));
  add("--observer", o.observer, "Observer of activations, instead of the backend's")->check(CLI::IsMember(names));
  add("--weight-observer", o.weight_observer, "Observer of weights, instead of the backend's")->check(CLI::IsMember(names));
  add("--percentile", o.percentile, "Of values that the percentile observer keeps")->check(number(50, 100));
  auto* per_channel = app.add_flag("--per-channel", o.per_channel, "One weight scale per output channel")->group("Quantization");
  app.add_flag("--per-tensor", o.per_tensor, "One weight scale per layer")->group("Quantization")->excludes(per_channel);
  add("--keep-float", o.keep_float, "Keep the layers in float whose names begin with this regular expression; repeatable");
  add("--qconfig", o.file, "A JSON file with a QConfigMapping, for all else")->check(not_empty());
}

quant::QConfigMapping make_qconfig_mapping(const QConfigOptions& o) {
  quant::QConfigMapping mapping = quant::get_default_qconfig_mapping(o.backend);
  if (!o.file.empty()) {
    const loaders::File file(o.file);
    quant::apply_json(mapping, {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()}, file.name());
  }
  auto global = mapping.global();
  if (global) {
    if (!o.observer.empty()) global->activation.kind = kinds().at(o.observer);
    if (!o.weight_observer.empty()) global->weight.kind = kinds().at(o.weight_observer);
    if (o.percentile) global->activation.percentile = global->weight.percentile = *o.percentile;
    if (o.per_channel || o.per_tensor) global->weight.per_channel = o.per_channel;
    mapping.set_global(global);
  }
  const std::string& used = kinds().at("percentile");
  if (o.percentile && !(global && (global->activation.kind == used || global->weight.kind == used)))
    throw CLI::ValidationError("--percentile: no percentile observer is in use; give --observer percentile too");
  for (const std::string& pattern : o.keep_float) mapping.set_module_name_regex(pattern, std::nullopt);
  return mapping;
}

void check_any_quantized(const nn::Graph& prepared, const QConfigOptions& o) {
  const auto is_conv = [](const nn::Node& node) { return nn::info(node.op).has_weight && !nn::is<nn::op::Linear>(node.op); };
  const bool has_convs = std::ranges::any_of(prepared.nodes(), is_conv);
  const auto to_int8 = [&](const nn::Node& node) {
    return (has_convs ? is_conv(node) : nn::is<nn::op::Linear>(node.op)) && quant::is_quantized(node);
  };
  if (std::ranges::any_of(prepared.nodes(), to_int8)) return;
  std::string causes;
  for (const std::string& pattern : o.keep_float) causes += " --keep-float " + loaders::quoted(pattern);
  if (!o.file.empty()) causes += " --qconfig " + loaders::printable(o.file);
  const char* what = quant::observers(prepared).empty() ? "layer" : has_convs ? "convolution" : "linear layer";
  OCTET_CHECK(!causes.empty(), "no ", what, " is quantized: the network has none");
  fail("no ", what, " is quantized: all stay in float by", causes, "; leave some to int8");
}

}  // namespace octet::apps
