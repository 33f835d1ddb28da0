// compare_observers: the same model quantized with every observer, per tensor and per channel, in one table.
//
//   compare_observers --data imagenette2-320.tgz --limit 512 --eval-limit 1000
// Columns: top-1 of the int8 model; SQNR of its logits, 10 log10(sum of float^2 / sum of (int8 - float)^2); the share of
// activations, over all evaluated images, that lie outside the codes' range and so are clipped.
#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>

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
  apps::add_common_options(app, o.common);
}

loaders::Imagenette open_data(const Options& o, int64_t limit) {
  return loaders::Imagenette(o.data.data, o.data.split, {.limit = apps::image_limit(limit)});
}

/// The real numbers that have codes at an observer.
struct Limits {
  float low, high;
};

/// One way to quantize, and what came of it.
struct Row {
  std::string kind;
  bool per_channel;
  quant::QConfigMapping mapping;
  nn::Graph prepared, int8 = {};
  std::map<std::string, Limits> limits = {};  // by the name of the observed node; of the first row of a kind
  int64_t right = 0, clipped = 0, values = 0;
  double noise = 0;  // sum of squares of the logits' differences
};

std::vector<Row> make_rows(const nn::Graph& graph, const std::string& backend) {
  std::vector<Row> rows;
  for (const std::string& kind : quant::observer_kinds())
    for (const bool per_channel : {false, true}) {
      quant::QConfigMapping mapping = quant::get_default_qconfig_mapping(backend);
      quant::QConfig qconfig = *mapping.global();
      qconfig.activation.kind = kind;
      // A weight is seen once, so there is nothing to average; and it has too few values for an entropy.
      const bool for_weights = kind != "MovingAverageMinMaxObserver" && kind != "EntropyObserver";
      qconfig.weight.kind = for_weights ? kind : "MinMaxObserver";
      qconfig.weight.per_channel = per_channel;
      mapping.set_global(qconfig);
      nn::Graph prepared = quant::prepare(graph, mapping);
      rows.push_back({kind, per_channel, std::move(mapping), std::move(prepared)});
    }
  return rows;
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

/// The rows of a kind have the same activations: the second takes the observers of the first.
void calibrate(std::vector<Row>& rows, const loaders::Imagenette& data, const Options& o) {
  std::vector<size_t> indices = loaders::subset_indices(data.size(), data.size(), loaders::Subset::spread);
  apps::Progress progress("calibrate", static_cast<int64_t>(data.size()), o.common.quiet);
  loaders::Batches batches(data, std::move(indices), {.batch_size = o.data.batch_size});
  const Device device = o.common.compute_device();
  std::vector<nn::Graph> observed;  // the same observers
  for (size_t i = 0; i < rows.size(); i += 2) observed.push_back(nn::optimize_for_inference(rows[i].prepared, device));
  while (const auto batch = batches.next()) {
    for (const nn::Graph& graph : observed) nn::run(graph, batch->images);
    progress.add(batch->images.size(0));
  }
  for (size_t i = 0; i < rows.size(); i += 2) {
    rows[i].limits = limits_of(rows[i].prepared);
    rows[i].int8 = quant::convert(rows[i].prepared, rows[i].mapping).to(device);
    rows[i + 1].int8 = quant::convert(rows[i].prepared, rows[i + 1].mapping).to(device);
  }
}

int64_t count_outside(const Tensor& value, Limits limits) {
  const float* x = value.data<float>();
  return std::count_if(x, x + value.numel(), [=](float v) { return v < limits.low || v > limits.high; });
}

/// Runs the float network, whose values are the same for all rows, and counts those that each row's codes cannot say.
Tensor run_and_count_clipped(const nn::Graph& graph, const Tensor& images, std::vector<Row>& rows) {
  return nn::run(graph, images, [&](const nn::Node& node, const Tensor& computed) {
    if (!rows[0].limits.contains(node.name)) return;
    const Tensor value = computed.to(Device::cpu);
    for (size_t i = 0; i < rows.size(); i += 2) {
      rows[i].clipped += count_outside(value, rows[i].limits.at(node.name));
      rows[i].values += value.numel();
    }
  });
}

void compare_observers(const Options& o) {
  const loaders::Imagenette calibration = open_data(o, o.limit), validation = open_data(o, o.eval_limit);
  const apps::Model model = apps::load_float_model(o.data.weights);
  const std::vector<int> outputs = apps::output_of_class(validation.classes(), model.classes);
  std::vector<Row> rows = make_rows(model.graph, o.backend);
  calibrate(rows, calibration, o);
  const nn::Graph float_graph = quant::float_graph(rows[0].prepared).to(o.common.compute_device());

  double signal = 0;
  int64_t right = 0, images = 0;
  apps::Progress progress("evaluate", static_cast<int64_t>(validation.size()), o.common.quiet);
  loaders::Batches batches(validation, loaders::subset_indices(validation.size(), validation.size(), loaders::Subset::first),
                           {.batch_size = o.data.batch_size});
  while (const auto batch = batches.next()) {
    const auto count_right = [&](const Tensor& logits) {
      const std::vector<int> answers = ops::argmax(logits);
      int64_t count = 0;
      for (size_t i = 0; i < answers.size(); ++i) count += answers[i] == outputs[static_cast<size_t>(batch->labels[i])];
      return count;
    };
    const Tensor wanted = run_and_count_clipped(float_graph, batch->images, rows);
    right += count_right(wanted);
    for (int64_t i = 0; i < wanted.numel(); ++i) signal += std::pow(wanted.data<float>()[i], 2);
    for (Row& row : rows) {
      const Tensor logits = nn::run(row.int8, batch->images);
      row.right += count_right(logits);
      for (int64_t i = 0; i < wanted.numel(); ++i) row.noise += std::pow(logits.data<float>()[i] - wanted.data<float>()[i], 2);
    }
    images += wanted.size(0);
    progress.add(wanted.size(0));
  }

  const auto percent = [&](int64_t part, int64_t whole) {
    return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  };
  std::cout << "backend " << o.backend << ", calibrated on " << calibration.size() << " images, evaluated on " << images << "\n"
            << "| activations | weights | scales of a weight | top-1 | SQNR of the logits | activations clipped "
               "|\n|---|---|---|---|---|---|\n"
            << std::fixed << std::setprecision(2) << "| float | | | " << percent(right, images) << " % | | |\n";
  for (size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    const Row& counted = rows[i / 2 * 2];
    std::cout << "| " << row.kind << " | " << row.mapping.global()->weight.kind << " | "
              << (row.per_channel ? "per channel" : "one") << " | " << percent(row.right, images) << " % | "
              << 10 * std::log10(signal / row.noise) << " dB | " << std::setprecision(4)
              << percent(counted.clipped, counted.values) << " % |\n"
              << std::setprecision(2);
  }
  apps::show_skipped(batches.skipped());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Quantizes a model with every observer, per tensor and per channel, and compares them.", "compare_observers"};
  Options options;
  add_options(app, options);
  return apps::run_app(app, argc, argv, options.common, [&] { compare_observers(options); });
}
