// compare_observers: the same model quantized with every observer, per tensor and per channel, in one table.
//
//   compare_observers --data imagenette2-320.tgz --limit 512 --eval-limit 1000 [--output DIR]
// Columns: top-1 of the int8 model; SQNR of its logits, 10 log10(sum of float^2 / sum of (int8 - float)^2); the share of
// activations, over all evaluated images, that lie outside the codes' range and so are clipped. --output writes the table and,
// value by value, the ranges, as a page and as JSON (apps/report/observers_page.h).
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/common/calibrate.h"
#include "apps/common/card_options.h"
#include "apps/common/classes.h"
#include "apps/common/cli.h"
#include "apps/common/data.h"
#include "apps/common/evaluate.h"
#include "apps/common/limits.h"
#include "apps/common/models.h"
#include "apps/common/output_paths.h"
#include "apps/common/progress.h"
#include "apps/common/show.h"
#include "apps/common/verify.h"
#include "apps/report/html.h"
#include "apps/report/observers_page.h"
#include "loaders/files/bytes.h"
#include "loaders/files/file.h"
#include "nn/graph/executor.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "ops/elementwise.h"
#include "quant/checks/sqnr.h"
#include "quant/observers/histogram_collector.h"
#include "quant/passes/convert.h"
#include "quant/passes/insert_observers.h"
#include "quant/passes/prepare.h"
#include "quant/qat/prepare_qat.h"
#include "tensor/text.h"

using namespace octet;

namespace {

struct Options {
  apps::CommonOptions common;
  apps::DataOptions data;
  apps::CalibrationOptions calibrate_on;
  apps::CardOptions card;
  std::string backend = "qnnpack", output;
  bool force = false;
  int64_t limit = 0, eval_limit = 0;
};

void add_options(CLI::App& app, Options& o) {
  apps::add_data_options(app, o.data);
  apps::add_calibration_options(app, o.calibrate_on);
  app.add_option("--seed", o.data.seed, "For --valid-share")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 62))
      ->capture_default_str();
  app.add_option("--backend", o.backend, "Codes of activations, and engine")
      ->check(CLI::IsMember(quant::backend_names()))
      ->capture_default_str();
  app.add_option("--limit", o.limit, "Images to calibrate on, spread over all classes; 0: all")
      ->check(apps::image_count())
      ->capture_default_str();
  app.add_option("--eval-limit", o.eval_limit, "Images to evaluate on, spread over all classes; 0: all")
      ->check(apps::image_count())
      ->capture_default_str();
  app.add_option("--output", o.output, "Folder for observers.html, a page to look at, and observers.json")
      ->check(apps::not_empty());
  app.add_flag("--force", o.force, "Replace files in --output that octet has not written");
  apps::add_size_option(app, o.card);
  apps::add_card_options(app, o.card);
  apps::add_common_options(app, o.common);
}

/// The real numbers that have codes at an observer, and how many of those evaluated have none.
struct Limits {
  float low, high;
  int64_t clipped = 0, values = 0;
};

double share(int64_t part, int64_t whole) { return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole); }

/// One way to quantize the weights, and what came of it.
struct Row {
  bool per_channel;
  quant::QConfigMapping mapping;
  nn::Graph int8 = {};
  int64_t right = 0;
  double noise = 0;  // sum of squares of the logits' differences
};

/// An observer and the rows of the table that it makes, whose activations are the same.
struct Kind {
  std::string name;
  nn::Graph prepared;
  std::vector<Row> rows;
  std::map<std::string, Limits> limits = {};  // by the name of the observed node

  double clipped() const {
    int64_t outside = 0, all = 0;
    for (const auto& [name, l] : limits) outside += l.clipped, all += l.values;
    return share(outside, all);
  }
};

quant::QConfigMapping make_mapping(const std::string& kind, bool per_channel, const std::string& backend) {
  quant::QConfigMapping mapping = quant::get_default_qconfig_mapping(backend);
  quant::QConfig qconfig = *mapping.global();
  qconfig.activation.kind = kind;
  qconfig.weight.kind = quant::suits_weights(kind) ? kind : "MinMaxObserver";
  qconfig.weight.per_channel = per_channel;
  return mapping.set_global(qconfig);
}

std::vector<Kind> make_kinds(const nn::Graph& graph, const std::string& backend) {
  std::vector<Kind> kinds;
  for (const std::string& name : quant::observer_kinds()) {
    std::vector<Row> rows;
    for (const bool per_channel : {false, true}) rows.push_back({per_channel, make_mapping(name, per_channel, backend)});
    nn::Graph prepared = quant::prepare(graph, rows[0].mapping);
    kinds.push_back({name, std::move(prepared), std::move(rows)});
  }
  return kinds;
}

std::map<std::string, Limits> limits_of(const nn::Graph& prepared) {
  const float qmax = static_cast<float>(ops::int8::code_range(DType::quint8).qmax);
  std::map<std::string, Limits> limits;
  for (const auto& info : quant::observers(prepared)) {
    const quant::QParams q = info.observer->calculate_qparams();
    const float zero = static_cast<float>(q.zero_point);
    limits[info.observes] = {(-zero - 0.5f) * q.scale, (qmax - zero + 0.5f) * q.scale};
  }
  return limits;
}

/// All observers see each image once; then each makes its int8 models.
void calibrate(std::vector<Kind>& kinds, const apps::CalibrationSet& data, const std::vector<size_t>& indices,
               const loaders::ModelCard& card, const Options& o) {
  const Device device = o.common.compute_device();
  std::vector<nn::Graph*> prepared;
  for (Kind& kind : kinds) prepared.push_back(&kind.prepared);
  apps::calibrate(prepared, data, indices,
                  {.batch_size = o.data.batch_size, .transform = card.input, .quiet = o.common.quiet, .device = device});
  for (Kind& kind : kinds) {
    kind.limits = limits_of(kind.prepared);
    for (Row& row : kind.rows) row.int8 = quant::convert(kind.prepared, row.mapping).to(device);
  }
}

void count_outside(const Tensor& value, Limits& limits) {
  const float* x = value.data<float>();
  limits.clipped += std::count_if(x, x + value.numel(), [&](float v) { return v < limits.low || v > limits.high; });
  limits.values += value.numel();
}

/// Runs the float network, whose values are the same for all observers, and counts those that each one's codes cannot say.
Tensor run_and_count_clipped(const nn::Graph& graph, const Tensor& images, std::vector<Kind>& kinds) {
  return nn::run(graph, images, [&](const nn::Node& node, const Tensor& computed) {
    if (!kinds[0].limits.contains(node.name)) return;
    const Tensor value = computed.to(Device::cpu);
    for (Kind& kind : kinds) count_outside(value, kind.limits.at(node.name));
  });
}

/// What came of all images.
struct Totals {
  double signal = 0;  // sum of squares of the float logits
  int64_t right = 0, images = 0;
  std::vector<loaders::Skipped> skipped;
};

/// Calls visitor(images, labels) for each batch, and returns the images that cannot be read. Labels are empty for tensors.
template <class Visitor>
std::vector<loaders::Skipped> for_each_batch(const apps::CalibrationSet& data, const loaders::ImageTransform& transform,
                                             int batch_size, const Visitor& visitor) {
  const std::vector<size_t> all = loaders::subset_indices(data.size(), data.size(), loaders::Subset::first);
  if (data.images) {
    loaders::Batches batches(*data.images, all, {.batch_size = batch_size, .transform = transform});
    while (const auto batch = batches.next()) visitor(batch->images, batch->labels);
    return batches.skipped();
  }
  OCTET_CHECK(data.arrays.size() == 1, loaders::printable(data.source), ": ", data.arrays.size(),
              " arrays, expected one; observers are compared on networks with one input");
  const Tensor& images = data.arrays.begin()->second;
  for (size_t begin = 0; begin < all.size(); begin += static_cast<size_t>(batch_size)) {
    const size_t end = std::min(all.size(), begin + static_cast<size_t>(batch_size));
    visitor(images.slice(static_cast<int64_t>(begin), static_cast<int64_t>(end)), std::vector<int>());
  }
  return {};
}

/// outputs: the model's for each class; none if the images have no labels, and then nothing is right or wrong.
Totals evaluate(const nn::Graph& float_graph, std::vector<Kind>& kinds, const apps::CalibrationSet& data,
                const std::vector<int>& outputs, const loaders::ModelCard& card, const Options& o) {
  Totals totals;
  apps::Progress progress("evaluate", static_cast<int64_t>(data.size()), o.common.quiet);
  totals.skipped = for_each_batch(data, card.input, o.data.batch_size, [&](const Tensor& images, const std::vector<int>& labels) {
    const auto count_right = [&](const Tensor& logits) {
      const std::vector<int> answers = outputs.empty() ? std::vector<int>() : ops::argmax(logits);
      int64_t count = 0;
      for (size_t i = 0; i < answers.size(); ++i) count += answers[i] == outputs[static_cast<size_t>(labels[i])];
      return count;
    };
    const Tensor wanted = run_and_count_clipped(float_graph, images, kinds);
    totals.right += count_right(wanted);
    for (int64_t i = 0; i < wanted.numel(); ++i) totals.signal += std::pow(wanted.data<float>()[i], 2);
    for (Kind& kind : kinds)
      for (Row& row : kind.rows) {
        const Tensor logits = nn::run(row.int8, images);
        row.right += count_right(logits);
        for (int64_t i = 0; i < wanted.numel(); ++i) row.noise += std::pow(logits.data<float>()[i] - wanted.data<float>()[i], 2);
      }
    totals.images += wanted.size(0);
    progress.add(wanted.size(0));
  });
  return totals;
}

/// What every observer saw is the same; those that count keep it.
std::vector<apps::ObservedValue> observed_values(const std::vector<Kind>& kinds) {
  std::vector<apps::ObservedValue> values;
  for (const Kind& kind : kinds) {
    if (!values.empty()) break;
    for (const auto& info : quant::observers(kind.prepared)) {
      const auto* counts = dynamic_cast<const quant::HistogramCollector*>(info.observer.get());
      if (counts) values.push_back({info.observes, counts->histogram(), counts->min(), counts->max(), {}});
    }
  }
  for (apps::ObservedValue& value : values)
    for (const Kind& kind : kinds)
      if (const auto it = kind.limits.find(value.name); it != kind.limits.end())
        value.choices.push_back({kind.name, it->second.low, it->second.high, share(it->second.clipped, it->second.values)});
  return values;
}

/// labelled: there is a right answer.
std::vector<apps::ObserverRow> rows_of(const std::vector<Kind>& kinds, const Totals& totals, bool labelled) {
  std::vector<apps::ObserverRow> rows;
  for (const Kind& kind : kinds)
    for (const Row& row : kind.rows)
      rows.push_back({kind.name, row.mapping.global()->weight.kind, row.per_channel,
                      labelled ? std::optional(share(row.right, totals.images)) : std::nullopt,
                      quant::sqnr(totals.signal, row.noise), kind.clipped()});
  return rows;
}

void show_table(const apps::ObserversPage& page) {
  const auto top1 = [](const std::optional<double>& share) { return share ? apps::percent(*share) : std::string("-"); };
  std::cout << "| activations | weights | scales of a weight | top-1 | SQNR of the logits | activations clipped "
               "|\n|---|---|---|---|---|---|\n"
            << "| float | | | " << top1(page.float_top1) << " | | |\n";
  for (const apps::ObserverRow& row : page.rows)
    std::cout << "| " << one_line(row.activations) << " | " << one_line(row.weights) << " | "
              << (row.per_channel ? "per channel" : "one") << " | " << top1(row.top1) << " | " << apps::fixed(row.sqnr, 2)
              << " dB | " << apps::percent(row.clipped, 4) << " |\n";
}

void write(const apps::ObserversPage& page, const std::string& folder) {
  const std::string html = apps::observers_html(page), json = apps::observers_json(page).dump(1) + "\n";
  loaders::write_atomically(folder + "/observers.json", [&](loaders::Output& out) { out.write(json); });
  loaders::write_atomically(folder + "/observers.html", [&](loaders::Output& out) { out.write(html); });
  std::cout << "wrote " << loaders::printable(folder) << "/observers.json, observers.html\n";
}

void check_usage(const CLI::App& app, const Options& o) {
  apps::check_calibration_usage(app, o.data, o.calibrate_on);
  if (o.output.empty()) return;
  apps::make_folder(o.output);
  apps::check_can_fill(o.output);
  for (const char* name : {"/observers.json", "/observers.html"}) {
    apps::check_can_write(o.output + name);
    apps::refuse_overwriting("--output", o.output + name, {o.data.weights, o.data.network, o.card.labels});
    if (!o.force) apps::refuse_to_replace("--output", o.output + name);
  }
}

void compare_observers(const CLI::App& app, const Options& o) {
  check_usage(app, o);
  apps::verify_files(o.common.verify,
                     {o.data.weights, o.data.network, o.data.data, o.calibrate_on.input, o.calibrate_on.eval_data},
                     o.common.quiet);
  const apps::CalibrationSet calibration = apps::open_calibration(o.data, o.calibrate_on);
  const apps::Model model = apps::load_float_model(o.data.weights, {.network = o.data.network});
  const loaders::ModelCard card = apps::used_card(model, o.card, o.data.weights);
  if (calibration.images) apps::check_images(card, model, o.data.weights);
  std::cout << apps::describe(card, model, o.card) << "\n";
  const apps::EvaluationSet validation = apps::open_evaluation(
      o.data, o.calibrate_on, apps::image_limit(o.eval_limit),
      [&](const std::vector<std::string>& classes) { return apps::output_of_class(classes, card, model.classes); });
  const bool labelled = validation.images != nullptr;
  const apps::CalibrationSet evaluated = labelled ? apps::CalibrationSet{"", validation.images, {}} : calibration;
  apps::CostCheck(model.graph, o.common,
                  printable(o.data.weights))(apps::input_shapes(calibration, model.graph, card, o.data.batch_size));
  std::vector<Kind> kinds = make_kinds(model.graph, o.backend);
  const size_t count = apps::image_limit(o.limit).value_or(calibration.size());
  const std::vector<size_t> indices = loaders::subset_indices(calibration.size(), count, loaders::Subset::spread);
  calibrate(kinds, calibration, indices, card, o);
  const nn::Graph float_graph = quant::float_graph(kinds[0].prepared).to(o.common.compute_device());
  const Totals totals = evaluate(float_graph, kinds, evaluated, validation.outputs, card, o);
  std::cout << "backend " << o.backend << ", calibrated on " << indices.size() << " images, evaluated on " << totals.images
            << "\n";
  if (!labelled) std::cout << "no top-1: " << one_line(validation.none_because) << "\n";
  apps::show_shared_images(apps::shared_images(o.data, calibration, indices, validation), evaluated.size());
  const apps::ObserversPage page{std::filesystem::path(o.data.weights).filename().string(),
                                 o.backend,
                                 calibration.source,
                                 static_cast<int64_t>(indices.size()),
                                 totals.images,
                                 labelled ? std::optional(share(totals.right, totals.images)) : std::nullopt,
                                 rows_of(kinds, totals, labelled),
                                 o.output.empty() ? std::vector<apps::ObservedValue>() : observed_values(kinds)};
  show_table(page);
  apps::show_skipped(totals.skipped);
  if (!o.output.empty()) write(page, o.output);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Quantizes a model with every observer, per tensor and per channel, and compares them.", "compare_observers"};
  Options options;
  add_options(app, options);
  return apps::run_app(app, argc, argv, options.common, [&] { compare_observers(app, options); });
}
