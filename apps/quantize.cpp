// quantize: the documented static quantization workflow, end to end, on real images.
//
//   data -> float model -> prepare (fold, fuse, observe) -> calibrate -> convert to int8 -> look inside -> verify by hand ->
//   compare with fake quantization -> evaluate
// It prints what the notebook prints, stage by stage, and with --output writes model.safetensors, report.json
// and report.html.
// PyTorch counterpart: get_default_qconfig_mapping, prepare_fx, calibration, convert_fx.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "apps/common/benchmark.h"
#include "apps/common/calibrate.h"
#include "apps/common/classes.h"
#include "apps/common/data.h"
#include "apps/common/evaluate.h"
#include "apps/common/export.h"
#include "apps/common/image_files.h"
#include "apps/common/limits.h"
#include "apps/common/models.h"
#include "apps/common/report.h"
#include "apps/common/show.h"
#include "apps/common/stopwatch.h"
#include "apps/common/verify.h"
#include "apps/quantize/dump_stages.h"
#include "apps/quantize/options.h"
#include "apps/quantize/write_reports.h"
#include "loaders/checkpoints/safetensors.h"
#include "loaders/files/file.h"
#include "loaders/files/file_lock.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "nn/graph/print.h"
#include "quant/checks/observed_values.h"
#include "quant/formats/model_file.h"
#include "quant/passes/convert.h"
#include "quant/passes/fake_quantize.h"
#include "quant/passes/patterns.h"
#include "quant/passes/prepare.h"
#include "quant/qconfig/qconfig_json.h"
#include "tensor/memory_pool.h"
#include "tensor/random.h"

using namespace octet;

namespace {

/// Bytes that wait for the next tensor. The result of a first layer, 205 MB for 64 images, is better given back than kept.
constexpr size_t kMostKept = size_t{32} << 20;

constexpr int kCompared = 8;  // images on which int8 and fake quantization are compared node by node

apps::CalibrationSet open_data(const apps::QuantizeOptions& o) {
  apps::show_stage(1, "Data");
  apps::CalibrationSet data = apps::open_calibration(o.data, o.calibrate_on);
  std::cout << loaders::printable(data.source) << ": " << data.size() << (data.images ? " images" : " rows");
  if (!data.images)
    for (const auto& [name, x] : data.arrays)
      std::cout << ", " << loaders::printable(name) << (name.empty() ? "" : " ") << x.shape();
  else if (data.images->labelled())
    std::cout << " of " << data.images->classes().size() << " classes";
  else
    std::cout << " without labels";
  std::cout << "\n";
  return data;
}

apps::Model load_model(const apps::QuantizeOptions& o) {
  apps::show_stage(2, "Float model");
  apps::Model model = apps::load_float_model(o.data.weights, {.network = o.data.network});
  for (const std::string& note : model.notes) std::cerr << "note: " << one_line(note) << "\n";
  const size_t inputs = model.graph.placeholders().size(), results = model.graph.output().inputs.size();
  std::cout << loaders::printable(o.data.weights) << ": " << model.description;
  if (inputs == 1 && results == 1)
    std::cout << ", " << model.classes << " classes\n";
  else
    std::cout << ", " << inputs << " inputs, " << results << " results\n";
  return model;
}

/// What the model is for: as it says, except for the options; its classes by the names of the data where it has none.
loaders::ModelCard make_card(const apps::Model& model, const apps::CalibrationSet& data, const apps::QuantizeOptions& o) {
  loaders::ModelCard card = apps::used_card(model, o.card, o.data.weights);
  if (data.images) {
    apps::check_images(card, model, o.data.weights);
    const size_t inputs = model.graph.placeholders().size();
    OCTET_CHECK(inputs == 1, loaders::printable(o.data.weights), ": takes ", inputs,
                " inputs, which images are not; give --input FILE.npz with an array for each");
  }
  if (data.images && data.images->labelled()) apps::name_classes(card, data.images->classes(), model.classes);
  if (data.images || !o.image.empty()) std::cout << apps::describe(card, model, o.card) << "\n";
  return card;
}

/// The options', or those of a quantization-aware training, which has decided all that they could say.
quant::QConfigMapping choose_qconfig(const CLI::App& app, const apps::QuantizeOptions& o, const apps::Model& model) {
  if (!model.qat) return apps::make_qconfig_mapping(o.qconfig);
  for (const char* name : {"--observer", "--weight-observer", "--percentile", "--per-channel", "--per-tensor", "--keep-float",
                           "--qconfig", "--calibration", "--limit", "--subset"})
    if (app.count(name))
      throw CLI::ValidationError(str(name, ": ", o.data.weights, " was trained quantization-aware, which has decided this"));
  const std::string& backend = model.qat->mapping.backend();
  if (app.count("--backend") && quant::get_default_qat_qconfig_mapping(o.qconfig.backend).global() != model.qat->mapping.global())
    throw CLI::ValidationError(str("--backend ", o.qconfig.backend, ": ", o.data.weights, " was trained for ", backend));
  return model.qat->mapping;
}

nn::Graph prepare(const apps::Model& model, const quant::QConfigMapping& qconfig, const apps::QConfigOptions& o) {
  apps::show_stage(3, model.qat ? "Prepare: fold the trained batch norm, observers as trained"
                                : "Prepare: fold batch norm, fuse relu, insert observers");
  nn::Graph prepared = model.qat ? model.qat->folded.clone() : quant::prepare(model.graph, qconfig);
  std::cout << "backend " << qconfig.backend() << ": " << quant::observers(prepared).size() << " observers, int8 arithmetic of "
            << name_of(qconfig.engine()) << "\n";
  apps::check_any_quantized(prepared, o);
  return prepared;
}

/// What the calibration saw.
struct Calibration {
  std::vector<size_t> indices;  // of the images; none for a model that is calibrated already
  apps::Calibrated done = {};
  double seconds = 0;
  std::vector<apps::RangeGrowth> growth = {};
};

/// Shows the images to the prepared graph; its observers do the rest.
Calibration calibrate(nn::Graph& prepared, const apps::CalibrationSet& data, const loaders::ModelCard& card,
                      const apps::QuantizeOptions& o) {
  apps::show_stage(4, "Calibrate");
  const apps::Stopwatch watch;
  const size_t count = apps::image_limit(o.limit).value_or(data.size());
  const std::vector<size_t> indices =
      loaders::subset_indices(data.size(), count, o.subset == "first" ? loaders::Subset::first : loaders::Subset::spread);
  apps::GrowthRecorder growth(prepared);
  const apps::Calibrated done = apps::calibrate({&prepared}, data, indices,
                                                {.batch_size = o.data.batch_size,
                                                 .transform = card.input,
                                                 .quiet = o.common.quiet,
                                                 .passes = o.calibration == "two-pass" ? quant::Passes::two : quant::Passes::one,
                                                 .device = o.common.compute_device(),
                                                 .on_batch = std::ref(growth)});
  const double seconds = watch.seconds();
  std::cout << "observed " << done.images << " images in " << std::fixed << std::setprecision(1) << seconds << " s\n"
            << std::defaultfloat;
  apps::show_skipped(done.skipped);
  return {indices, done, seconds, growth.growth()};
}

Calibration nothing_to_calibrate() {
  apps::show_stage(4, "Calibrate");
  std::cout << "nothing to do: the ranges were observed in training\n";
  return {};
}

void show_observers(const nn::Graph& prepared, const apps::QuantizeOptions& o) {
  apps::show_stage(5, "Observers");
  const auto observers = quant::observers(prepared);
  apps::show_observers(observers, o.verbose ? observers.size() : 3);
}

nn::Graph convert(const nn::Graph& prepared, const quant::QConfigMapping& qconfig, const apps::QuantizeOptions& o) {
  apps::show_stage(6, "Convert to int8");
  nn::Graph int8 = quant::convert(prepared, qconfig);
  std::cout << nn::modules_to_string(int8) << "\n";
  apps::show_float_layers(int8);
  if (o.verbose) std::cout << "\n" << nn::graph_to_string(int8);

  apps::show_stage(7, "Inside the first layer");
  apps::show_first_layer(int8);
  return int8;
}

/// --image as the model gets it, or nothing.
std::optional<Tensor> read_image(const apps::QuantizeOptions& o, const loaders::ModelCard& card) {
  if (o.image.empty()) return std::nullopt;
  return loaders::to_tensor(apps::read_image(o.image), card.input);
}

/// One of what enters the network: --image, the first row of tensors, or a random image.
nn::Batch one_of(const std::optional<Tensor>& image, const apps::CalibrationSet& data, const nn::Graph& graph,
                 const loaders::ModelCard& card, const apps::QuantizeOptions& o) {
  if (image) return *image;
  if (!data.images) return data.batch({0}, card.input, graph);
  Generator generator(static_cast<uint64_t>(o.data.seed));
  return randn({1, card.input.channels(), card.input.size, card.input.size}, generator);
}

std::optional<quant::HandCheck> verify(const nn::Graph& int8, const std::optional<Tensor>& image,
                                       const apps::CalibrationSet& data, const loaders::ModelCard& card,
                                       const apps::QuantizeOptions& o) {
  const char* what = data.images ? "A random image" : "The first row of the tensors";
  apps::show_stage(8, (image ? loaders::printable(o.image) : what) + " through the int8 model");
  const auto verified = quant::verify_first_layer(int8, one_of(image, data, int8, card, o));
  if (!verified) {
    std::cout << "the first layer stays in float: there are no integers to verify by hand\n";
    return std::nullopt;
  }
  const quant::HandCheck& check = *verified;
  apps::show_codes(check);

  apps::show_stage(9, "The first layer by hand");
  apps::show_hand_check(check);
  OCTET_CHECK(check.equal == check.total, "the first layer by hand differs in ", check.total - check.equal, " outputs, by up to ",
              check.largest_difference);
  return check;
}

/// The graphs of the three stages.
struct Graphs {
  const nn::Graph& as_float;
  const std::optional<nn::Graph> fake;
  const nn::Graph& int8;
};

/// A few images of those to evaluate, or else to calibrate on: what is compared node by node.
nn::Batch compared_batch(const apps::CalibrationSet& images, const loaders::ModelCard& card, const nn::Graph& graph) {
  return images.batch(loaders::subset_indices(images.size(), kCompared, loaders::Subset::spread), card.input, graph);
}

/// int8 beside fake quantization on these images; nothing without fake quantization.
std::vector<quant::NodeComparison> compare(const Graphs& graphs, const apps::CalibrationSet& images,
                                           const loaders::ModelCard& card, const apps::QuantizeOptions& o) {
  if (!graphs.fake) return {};
  std::vector<quant::NodeComparison> rows = quant::compare(*graphs.fake, graphs.int8, compared_batch(images, card, graphs.int8));
  apps::show_comparison(rows, o.verbose);
  return rows;
}

/// How far each int8 node is from float, on the images that are compared; with --image the pictures are of that one.
std::vector<quant::NodeError> errors(const nn::Graph& prepared, const quant::QConfigMapping& qconfig, const nn::Graph& int8,
                                     const std::optional<Tensor>& image, const apps::CalibrationSet& images,
                                     const loaders::ModelCard& card) {
  std::vector<quant::NodeError> errors = quant::node_errors(prepared, qconfig, int8, compared_batch(images, card, int8));
  if (!image) return errors;
  const std::vector<quant::NodeError> of_image = quant::node_errors(prepared, qconfig, int8, *image);
  for (size_t i = 0; i < errors.size(); ++i)
    errors[i].float_value = of_image[i].float_value, errors[i].int8_value = of_image[i].int8_value;
  return errors;
}

apps::Evaluation evaluate(const Graphs& graphs, const apps::EvaluationSet& data, const loaders::ModelCard& card,
                          const apps::QuantizeOptions& o) {
  std::vector<const nn::Graph*> all = {&graphs.as_float};
  if (graphs.fake) all.push_back(&*graphs.fake);
  all.push_back(&graphs.int8);
  return apps::evaluate(
      all, *data.images, data.outputs,
      {.batch_size = o.data.batch_size, .transform = card.input, .device = o.common.compute_device(), .quiet = o.common.quiet});
}

/// The shape of each input without its batch dimension: (C, H, W) of an image.
std::vector<Shape> row_shapes(const apps::CalibrationSet& data, const nn::Graph& graph, const loaders::ModelCard& card) {
  if (data.images) return {{card.input.channels(), card.input.size, card.input.size}};
  std::vector<Shape> shapes;
  for (const Tensor& x : data.batch({0}, card.input, graph).inputs) shapes.emplace_back(x.shape().begin() + 1, x.shape().end());
  return shapes;
}

size_t parameter_bytes(const nn::Graph& float_graph) {
  size_t bytes = 0;
  for (const nn::Node& node : float_graph.nodes())
    for (const auto& [name, tensor] : node.parameters) bytes += tensor.nbytes();
  return bytes;
}

/// Tensors have no labels: then int8's results beside the float ones, on all rows that were calibrated on.
std::vector<apps::ResultDifference> compare_results(const Graphs& graphs, const apps::CalibrationSet& data,
                                                    const Calibration& calibration, const loaders::ModelCard& card,
                                                    const apps::QuantizeOptions& o) {
  if (data.images || calibration.indices.empty()) return {};
  const nn::Batch rows = data.batch(calibration.indices, card.input, graphs.int8);
  const auto results_of = [&](const nn::Graph& graph) {
    return apps::run_in_parts(nn::optimize_for_inference(graph), rows, o.data.batch_size);
  };
  std::vector<apps::ResultDifference> differences =
      apps::compare_results(apps::result_names(graphs.as_float), results_of(graphs.as_float), results_of(graphs.int8));
  apps::show_result_differences(differences);
  return differences;
}

void show_results(const std::optional<apps::Evaluation>& evaluation, const apps::EvaluationSet& evaluated,
                  const apps::Sizes& sizes, double seconds) {
  if (evaluation) return apps::show_evaluation(*evaluation, sizes, seconds);
  std::cout << "not evaluated: " << one_line(evaluated.none_because) << "\nfloat " << sizes.float_bytes << " bytes, int8 "
            << sizes.int8_bytes << " bytes\n";
}

/// What was asked for, and how long it took.
void complete(nlohmann::json& report, const apps::QuantizeOptions& o, const Calibration& calibration,
              const std::optional<apps::Evaluation>& evaluation, double seconds) {
  report["inputs"] = apps::inputs_json(o);
  report["timings"] = {{"calibrate", calibration.seconds}, {"total", seconds}};
  if (!evaluation) return;
  report["timings"]["float"] = evaluation->scores.front().seconds;
  report["timings"]["int8"] = evaluation->scores.back().seconds;
}

void quantize(const CLI::App& app, const apps::QuantizeOptions& o) {
  const apps::Stopwatch watch;
  MemoryPool::tensors().keep_at_most(kMostKept);
  apps::check_usage(app, o);
  apps::verify_files(o.common.verify,
                     {o.data.weights, o.data.network, o.data.data, o.calibrate_on.input, o.calibrate_on.eval_data},
                     o.common.quiet);
  std::optional<loaders::FileLock> lock;  // on the folder: two runs at once would leave files of both
  if (!o.output.empty()) lock.emplace(o.output + "/model.safetensors");
  const apps::CalibrationSet data = open_data(o);
  apps::Model model = load_model(o);
  const loaders::ModelCard card = make_card(model, data, o);
  apps::CostCheck(model.graph, o.common,
                  loaders::printable(o.data.weights))(apps::input_shapes(data, model.graph, card, o.data.batch_size));
  const std::optional<Tensor> image = read_image(o, card);
  const apps::EvaluationSet evaluated = apps::open_evaluation(
      o.data, o.calibrate_on, apps::image_limit(o.eval_limit),
      [&](const std::vector<std::string>& classes) { return apps::output_of_class(classes, card, model.classes); });
  const quant::QConfigMapping qconfig = choose_qconfig(app, o, model);

  const size_t float_bytes = parameter_bytes(model.graph);
  nn::Graph prepared = prepare(model, qconfig, o.qconfig);
  const nn::Graph as_float = model.qat ? model.graph.clone() : quant::without_observers(prepared);
  model.graph = {};  // gives its weights back: those of the others are folded
  const Calibration calibration = model.qat ? nothing_to_calibrate() : calibrate(prepared, data, card, o);
  show_observers(prepared, o);
  const nn::Graph int8 = convert(prepared, qconfig, o);
  const std::optional<quant::HandCheck> check = verify(int8, image, data, card, o);
  apps::show_stage(10, "Evaluate");
  const Graphs graphs{as_float, o.fake_quant ? std::optional(quant::fake_quantize(prepared, qconfig)) : std::nullopt, int8};
  const apps::CalibrationSet compared = evaluated.images ? apps::CalibrationSet{"", evaluated.images, {}} : data;
  std::optional<apps::Evaluation> evaluation;  // first, while int8's weights are there once: the comparison packs them, too
  if (evaluated.images) evaluation = evaluate(graphs, evaluated, card, o);
  const std::vector<quant::NodeComparison> comparison = compare(graphs, compared, card, o);
  const std::vector<apps::ResultDifference> results = compare_results(graphs, data, calibration, card, o);
  const size_t shared = apps::shared_images(o.data, data, calibration.indices, evaluated);

  const std::string source = loaders::printable(std::filesystem::path(o.data.weights).filename().string());
  std::map<std::string, std::string> metadata = {
      {"backend", qconfig.backend()}, {"qconfig", quant::to_json(qconfig)}, {"source", source}};
  if (apps::is_of_images(card)) metadata[loaders::kCardKey] = loaders::to_json(card);
  const quant::SavedModel saved = quant::save_graph(int8, metadata);
  const loaders::SafeTensors file{saved.tensors, saved.metadata};
  const apps::Sizes sizes{float_bytes, loaders::safetensors_size(file)};
  show_results(evaluation, evaluated, sizes, watch.seconds());
  apps::show_shared_images(shared, evaluated.images ? evaluated.images->size() : 0);
  apps::LayerTimes times;
  if (o.benchmark > 0) {
    times = apps::time_layers(nn::optimize_for_inference(as_float), nn::optimize_for_inference(int8),
                              {1, card.input.channels(), card.input.size, card.input.size}, o.benchmark);
    apps::show_layer_times(times);
  }
  if (!o.dump.empty()) {
    apps::dump_stages(o.dump, prepared, qconfig, int8, compared_batch(compared, card, int8));
    std::cout << "wrote " << loaders::printable(o.dump) << ": float, fake_quant, int8, partners.json\n";
  }
  if (o.output.empty()) return;

  const std::vector<quant::ObserverInfo> observers = quant::observers(prepared);
  const std::vector<quant::NodeError> node_errors = errors(prepared, qconfig, int8, image, compared, card);
  const apps::Report report{qconfig, observers,  int8,        check,   card,      data,       calibration.done,
                            shared,  comparison, node_errors, results, evaluated, evaluation, sizes};
  nlohmann::json json = apps::report_json(report);
  complete(json, o, calibration, evaluation, watch.seconds());
  loaders::save_safetensors(o.output + "/model.safetensors", file);
  const std::string shown = image ? o.image : compared.images ? compared.images->name(0) : "the first row";
  const nn::Batch one = image ? nn::Batch(*image) : compared.batch({0}, card.input, int8);
  apps::write_reports(
      o.output, json,
      {report, prepared, source, shown, calibration.growth, times.layers, apps::first_layer_by_hand(int8, one), watch.seconds()});
  std::cout << "wrote " << loaders::printable(o.output) << "/model.safetensors, report.json, report.html";
  const std::vector<Shape> shapes = row_shapes(data, int8, card);
  for (const std::string& form : o.export_to)
    std::cout << ", " << apps::export_int8(form, o.output, {prepared, qconfig, int8, card, shapes});
  std::cout << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Static quantization, end to end: calibrates a float model on real images and converts it to int8.", "quantize"};
  apps::QuantizeOptions options;
  apps::add_quantize_options(app, options);
  return apps::run_app(app, argc, argv, options.common, [&] { quantize(app, options); });
}
