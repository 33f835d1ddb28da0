// compare_observers: the same model quantized with every observer, per tensor and per channel, in one table.
//
//   compare_observers --data imagenette2-320.tgz --limit 512 --eval-limit 1000
// Columns: top-1 of the int8 model; SQNR of its logits, 10 log10(sum of float^2 / sum of (int8 - float)^2); the share of
// activations, over all evaluated images, that lie outside the codes' range and so are clipped.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "apps/common/calibrate.h"
#include "apps/common/card_options.h"
#include "apps/common/classes.h"
#include "apps/common/cli.h"
#include "apps/common/data.h"
#include "apps/common/evaluate.h"
#include "apps/common/limits.h"
#include "apps/common/models.h"
#include "apps/common/progress.h"
#include "apps/common/show.h"
#include "apps/common/verify.h"
#include "loaders/files/bytes.h"
#include "nn/graph/executor.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "ops/elementwise.h"
#include "quant/checks/sqnr.h"
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
  std::string backend = "qnnpack";
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
  apps::add_size_option(app, o.card);
  apps::add_card_options(app, o.card);
  apps::add_common_options(app, o.common);
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

void show_table(const std::vector<Kind>& kinds, const Totals& totals, bool labelled) {
  const auto percent = [](int64_t part, int64_t whole) { return 100.0 * static_cast<double>(part) / static_cast<double>(whole); };
  const auto top1 = [&](int64_t right) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(2) << percent(right, totals.images) << " %";
    return labelled ? text.str() : std::string("-");
  };
  std::cout << "| activations | weights | scales of a weight | top-1 | SQNR of the logits | activations clipped "
               "|\n|---|---|---|---|---|---|\n"
            << std::fixed << std::setprecision(2) << "| float | | | " << top1(totals.right) << " | | |\n";
  for (const Kind& kind : kinds)
    for (const Row& row : kind.rows)
      std::cout << "| " << kind.name << " | " << row.mapping.global()->weight.kind << " | "
                << (row.per_channel ? "per channel" : "one") << " | " << top1(row.right) << " | "
                << quant::sqnr(totals.signal, row.noise) << " dB | " << std::setprecision(4) << percent(kind.clipped, kind.values)
                << " % |\n"
                << std::setprecision(2);
}

void compare_observers(const CLI::App& app, const Options& o) {
  apps::check_calibration_usage(app, o.data, o.calibrate_on);
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
  show_table(kinds, totals, labelled);
  apps::show_skipped(totals.skipped);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Quantizes a model with every observer, per tensor and per channel, and compares them.", "compare_observers"};
  Options options;
  add_options(app, options);
  return apps::run_app(app, argc, argv, options.common, [&] { compare_observers(app, options); });
}
