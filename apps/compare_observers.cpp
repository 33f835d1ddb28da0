// compare_observers: the same model quantized with every observer, per tensor and per channel, in one table.
//
//   compare_observers --data imagenette2-320.tgz --limit 512 --eval-limit 1000
// Columns: top-1 of the int8 model; SQNR of its logits, 10 log10(sum of float^2 / sum of (int8 - float)^2); the share of
// activations, over all evaluated images, that lie outside the codes' range and so are clipped.
#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>

#include "apps/common/calibrate.h"
#include "apps/common/card_options.h"
#include "apps/common/classes.h"
#include "apps/common/cli.h"
#include "apps/common/evaluate.h"
#include "apps/common/models.h"
#include "apps/common/progress.h"
#include "apps/common/show.h"
#include "nn/graph/executor.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "ops/elementwise.h"
#include "quant/passes/convert.h"
#include "quant/passes/insert_observers.h"
#include "quant/passes/prepare.h"
#include "quant/qat/prepare_qat.h"

using namespace octet;

namespace {

struct Options {
  apps::CommonOptions common;
  apps::DataOptions data;
  apps::CardOptions card;
  std::string backend = "qnnpack";
  int64_t limit = 0, eval_limit = 0;
};

void add_options(CLI::App& app, Options& o) {
  apps::add_data_options(app, o.data);
  app.add_option("--backend", o.backend, "Codes of activations, and engine")
      ->check(CLI::IsMember(quant::backend_names()))
      ->capture_default_str();
  app.add_option("--limit", o.limit, "Images to calibrate on, spread over all classes; 0: all")
      ->check(apps::image_count())
      ->capture_default_str();
  app.add_option("--eval-limit", o.eval_limit, "Images to evaluate on, spread over all classes; 0: all")
      ->check(apps::image_count())
      ->capture_default_str();
  apps::add_size_option(app, o.card);
  apps::add_card_options(app, o.card);
  apps::add_common_options(app, o.common);
}

loaders::Imagenette open_data(const Options& o, int64_t limit) {
  return loaders::Imagenette(o.data.data, o.data.split, {.limit = apps::image_limit(limit)});
}

/// The real numbers that have codes at an observer.
struct Limits {
  float low, high;
};

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
  int64_t clipped = 0, values = 0;
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
void calibrate(std::vector<Kind>& kinds, const loaders::Imagenette& data, const loaders::ModelCard& card, const Options& o) {
  const Device device = o.common.compute_device();
  std::vector<const nn::Graph*> prepared;
  for (const Kind& kind : kinds) prepared.push_back(&kind.prepared);
  apps::calibrate(prepared, data, loaders::subset_indices(data.size(), data.size(), loaders::Subset::spread),
                  {.batch_size = o.data.batch_size, .transform = card.input, .quiet = o.common.quiet, .device = device});
  for (Kind& kind : kinds) {
    kind.limits = limits_of(kind.prepared);
    for (Row& row : kind.rows) row.int8 = quant::convert(kind.prepared, row.mapping).to(device);
  }
}

int64_t count_outside(const Tensor& value, Limits limits) {
  const float* x = value.data<float>();
  return std::count_if(x, x + value.numel(), [=](float v) { return v < limits.low || v > limits.high; });
}

/// Runs the float network, whose values are the same for all observers, and counts those that each one's codes cannot say.
Tensor run_and_count_clipped(const nn::Graph& graph, const Tensor& images, std::vector<Kind>& kinds) {
  return nn::run(graph, images, [&](const nn::Node& node, const Tensor& computed) {
    if (!kinds[0].limits.contains(node.name)) return;
    const Tensor value = computed.to(Device::cpu);
    for (Kind& kind : kinds) {
      kind.clipped += count_outside(value, kind.limits.at(node.name));
      kind.values += value.numel();
    }
  });
}

/// The images to evaluate on, and what the model makes of them.
struct Validation {
  const loaders::Imagenette& data;
  const loaders::ModelCard& card;
  std::vector<int> outputs;  // apps/common/classes.h
};

/// What came of all images.
struct Totals {
  double signal = 0;  // sum of squares of the float logits
  int64_t right = 0, images = 0;
  std::vector<loaders::Skipped> skipped;
};

Totals evaluate(const nn::Graph& float_graph, std::vector<Kind>& kinds, const Validation& validation, const Options& o) {
  const loaders::Imagenette& data = validation.data;
  Totals totals;
  apps::Progress progress("evaluate", static_cast<int64_t>(data.size()), o.common.quiet);
  loaders::Batches batches(data, loaders::subset_indices(data.size(), data.size(), loaders::Subset::first),
                           {.batch_size = o.data.batch_size, .transform = validation.card.input});
  while (const auto batch = batches.next()) {
    const auto count_right = [&](const Tensor& logits) {
      const std::vector<int> answers = ops::argmax(logits);
      int64_t count = 0;
      for (size_t i = 0; i < answers.size(); ++i)
        count += answers[i] == validation.outputs[static_cast<size_t>(batch->labels[i])];
      return count;
    };
    const Tensor wanted = run_and_count_clipped(float_graph, batch->images, kinds);
    totals.right += count_right(wanted);
    for (int64_t i = 0; i < wanted.numel(); ++i) totals.signal += std::pow(wanted.data<float>()[i], 2);
    for (Kind& kind : kinds)
      for (Row& row : kind.rows) {
        const Tensor logits = nn::run(row.int8, batch->images);
        row.right += count_right(logits);
        for (int64_t i = 0; i < wanted.numel(); ++i) row.noise += std::pow(logits.data<float>()[i] - wanted.data<float>()[i], 2);
      }
    totals.images += wanted.size(0);
    progress.add(wanted.size(0));
  }
  totals.skipped = batches.skipped();
  return totals;
}

void show_table(const std::vector<Kind>& kinds, const Totals& totals) {
  const auto percent = [](int64_t part, int64_t whole) { return 100.0 * static_cast<double>(part) / static_cast<double>(whole); };
  std::cout << "| activations | weights | scales of a weight | top-1 | SQNR of the logits | activations clipped "
               "|\n|---|---|---|---|---|---|\n"
            << std::fixed << std::setprecision(2) << "| float | | | " << percent(totals.right, totals.images) << " % | | |\n";
  for (const Kind& kind : kinds)
    for (const Row& row : kind.rows)
      std::cout << "| " << kind.name << " | " << row.mapping.global()->weight.kind << " | "
                << (row.per_channel ? "per channel" : "one") << " | " << percent(row.right, totals.images) << " % | "
                << 10 * std::log10(totals.signal / row.noise) << " dB | " << std::setprecision(4)
                << percent(kind.clipped, kind.values) << " % |\n"
                << std::setprecision(2);
}

void compare_observers(const Options& o) {
  const loaders::Imagenette calibration = open_data(o, o.limit), validation = open_data(o, o.eval_limit);
  const apps::Model model = apps::load_float_model(o.data.weights);
  const loaders::ModelCard card = apps::used_card(model, o.card, o.data.weights);
  apps::check_images(card, model, o.data.weights);
  std::cout << apps::describe(card, model, o.card) << "\n";
  const std::vector<int> outputs = apps::output_of_class(validation.classes(), card, model.classes);
  std::vector<Kind> kinds = make_kinds(model.graph, o.backend);
  calibrate(kinds, calibration, card, o);
  const nn::Graph float_graph = quant::float_graph(kinds[0].prepared).to(o.common.compute_device());
  const Totals totals = evaluate(float_graph, kinds, {validation, card, outputs}, o);
  std::cout << "backend " << o.backend << ", calibrated on " << calibration.size() << " images, evaluated on " << totals.images
            << "\n";
  show_table(kinds, totals);
  apps::show_skipped(totals.skipped);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Quantizes a model with every observer, per tensor and per channel, and compares them.", "compare_observers"};
  Options options;
  add_options(app, options);
  return apps::run_app(app, argc, argv, options.common, [&] { compare_observers(options); });
}
