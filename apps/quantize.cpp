// quantize: the documented static quantization workflow, end to end, on real images.
//
//   data -> float model -> prepare (fold, fuse, observe) -> calibrate -> convert to int8 -> look inside -> verify by hand ->
//   compare with fake quantization -> evaluate
// It prints what the notebook prints, stage by stage, and with --output writes model.safetensors and report.json.
// PyTorch counterpart: get_default_qconfig_mapping, prepare_fx, calibration, convert_fx.
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <numeric>

#include "apps/common/benchmark.h"
#include "apps/common/calibrate.h"
#include "apps/common/card_options.h"
#include "apps/common/classes.h"
#include "apps/common/cli.h"
#include "apps/common/data.h"
#include "apps/common/evaluate.h"
#include "apps/common/export.h"
#include "apps/common/image_files.h"
#include "apps/common/models.h"
#include "apps/common/qconfig_options.h"
#include "apps/common/report.h"
#include "apps/common/show.h"
#include "apps/common/stopwatch.h"
#include "loaders/checkpoints/safetensors.h"
#include "loaders/files/file.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "nn/graph/print.h"
#include "quant/formats/model_file.h"
#include "quant/passes/convert.h"
#include "quant/passes/fake_quantize.h"
#include "quant/passes/patterns.h"
#include "quant/passes/prepare.h"
#include "quant/qconfig/qconfig_json.h"
#include "tensor/random.h"

using namespace octet;

namespace {

constexpr int kCompared = 8;  // images on which int8 and fake quantization are compared node by node

struct Options {
  apps::CommonOptions common;
  apps::DataOptions data;
  apps::CalibrationOptions calibrate_on;
  apps::CardOptions card;
  apps::QConfigOptions qconfig;
  std::string subset = "first", output, calibration = "one-pass", image;
  std::vector<std::string> export_to;
  int64_t limit = 0, eval_limit = 0;
  double benchmark = 0;
  bool verbose = false, fake_quant = true, force = false;
};

void add_options(CLI::App& app, Options& o) {
  apps::add_data_options(app, o.data);
  app.get_option("--data")->description(app.get_option("--data")->get_description() +
                                        "; to calibrate on: any folder of images, or -: file names on standard input");
  apps::add_calibration_options(app, o.calibrate_on);
  apps::add_qconfig_options(app, o.qconfig);
  apps::add_size_option(app, o.card);
  apps::add_card_options(app, o.card);
  app.add_option("--limit", o.limit, "Images to calibrate on; 0: all")->check(apps::image_count())->capture_default_str();
  app.add_option("--subset", o.subset, "Which ones --limit takes: the first in sorted order, or spread over all classes")
      ->check(CLI::IsMember({"first", "spread"}))
      ->capture_default_str();
  app.add_option("--calibration", o.calibration,
                 "one-pass, as PyTorch; or two-pass: ranges first, counts second, whatever the order of the images")
      ->check(CLI::IsMember({"one-pass", "two-pass"}))
      ->capture_default_str();
  app.add_option("--eval-limit", o.eval_limit, "Images to evaluate on, spread over all classes; 0: all")
      ->check(apps::image_count())
      ->capture_default_str();
  app.add_option("--output", o.output, "Folder for model.safetensors and report.json; none: nothing is written")
      ->check(apps::not_empty());
  app.add_option("--export", o.export_to,
                 "Also write, into --output: torch: quantized.pth, which loads with strict=True into convert_fx's model; npy: "
                 "layers/NAME.weight.npy and so on; onnx: model.onnx, for other engines; c: model.h, every layer's integers as "
                 "C99. Several: torch,npy")
      ->delimiter(',')
      ->check(CLI::IsMember({"torch", "npy", "onnx", "c"}));
  app.add_flag("--force", o.force, "Replace files in --output that octet has not written");
  app.add_option("--image", o.image, "Of stages 8 and 9, instead of a random one")->check(apps::not_empty());
  app.add_option("--seed", o.data.seed, "For the random image of the hand check, and for --valid-share")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 62))
      ->capture_default_str();
  app.add_flag("--fake-quant,!--no-fake-quant", o.fake_quant, "Also evaluate the fake-quant graph, and compare int8 with it")
      ->capture_default_str();
  app.add_option("--benchmark", o.benchmark, "Also time each layer on one image, int8 beside float, for so many seconds each")
      ->check(CLI::Range(0.01, 3600.0));
  app.add_flag("--verbose", o.verbose, "Show every observer, the converted graph's calls and every node's comparison");
  apps::add_common_options(app, o.common);
}

apps::CalibrationSet open_data(const Options& o) {
  apps::show_stage(1, "Data");
  apps::CalibrationSet data = apps::open_calibration(o.data, o.calibrate_on);
  std::cout << loaders::printable(data.source) << ": " << data.size() << " images";
  if (!data.images)
    std::cout << " as they enter the network, " << data.input.shape();
  else if (data.images->labelled())
    std::cout << " of " << data.images->classes().size() << " classes";
  else
    std::cout << " without labels";
  std::cout << "\n";
  return data;
}

apps::Model load_model(const Options& o) {
  apps::show_stage(2, "Float model");
  apps::Model model = apps::load_float_model(o.data.weights);
  for (const std::string& note : model.notes) std::cerr << "note: " << note << "\n";
  std::cout << o.data.weights << ": " << model.description << ", " << model.classes << " classes\n";
  return model;
}

/// What the model is for: as it says, except for the options; its classes by the names of the data where it has none.
loaders::ModelCard make_card(const apps::Model& model, const apps::CalibrationSet& data, const Options& o) {
  loaders::ModelCard card = apps::used_card(model, o.card, o.data.weights);
  if (data.images) apps::check_images(card, model, o.data.weights);
  if (data.images && data.images->labelled()) apps::name_classes(card, data.images->classes(), model.classes);
  std::cout << apps::describe(card, model, o.card) << "\n";
  return card;
}

/// The options', or those of a quantization-aware training, which has decided all that they could say.
quant::QConfigMapping choose_qconfig(const CLI::App& app, const Options& o, const apps::Model& model) {
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
};

/// Shows the images to the prepared graph; its observers do the rest.
Calibration calibrate(nn::Graph& prepared, const apps::CalibrationSet& data, const loaders::ModelCard& card,
                      const Options& o) {
  apps::show_stage(4, "Calibrate");
  const apps::Stopwatch watch;
  const size_t count = apps::image_limit(o.limit).value_or(data.size());
  const std::vector<size_t> indices =
      loaders::subset_indices(data.size(), count, o.subset == "first" ? loaders::Subset::first : loaders::Subset::spread);
  const apps::Calibrated done = apps::calibrate({&prepared}, data, indices,
                                                {.batch_size = o.data.batch_size,
                                                 .transform = card.input,
                                                 .quiet = o.common.quiet,
                                                 .passes = o.calibration == "two-pass" ? quant::Passes::two : quant::Passes::one,
                                                 .device = o.common.compute_device()});
  const double seconds = watch.seconds();
  std::cout << "observed " << done.images << " images in " << std::fixed << std::setprecision(1) << seconds << " s\n"
            << std::defaultfloat;
  apps::show_skipped(done.skipped);
  return {indices, done, seconds};
}

Calibration nothing_to_calibrate() {
  apps::show_stage(4, "Calibrate");
  std::cout << "nothing to do: the ranges were observed in training\n";
  return {};
}

void show_observers(const nn::Graph& prepared, const Options& o) {
  apps::show_stage(5, "Observers");
  const auto observers = quant::observers(prepared);
  apps::show_observers(observers, o.verbose ? observers.size() : 3);
}

nn::Graph convert(const nn::Graph& prepared, const quant::QConfigMapping& qconfig, const Options& o) {
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
std::optional<Tensor> read_image(const Options& o, const loaders::ModelCard& card) {
  if (o.image.empty()) return std::nullopt;
  return loaders::to_tensor(apps::read_image(o.image), card.input);
}

std::optional<quant::HandCheck> verify(const nn::Graph& int8, const std::optional<Tensor>& image, const loaders::ModelCard& card,
                                       const Options& o) {
  apps::show_stage(8, image ? loaders::printable(o.image) + " through the int8 model" : "A random image through the int8 model");
  Generator generator(static_cast<uint64_t>(o.data.seed));
  const int64_t side = card.input.size;
  const auto verified =
      quant::verify_first_layer(int8, image ? *image : randn({1, card.input.channels(), side, side}, generator));
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

/// int8 beside fake quantization, node by node, on a few images of those to evaluate or else to calibrate on; nothing without
/// fake quantization.
std::vector<quant::NodeComparison> compare(const Graphs& graphs, const apps::CalibrationSet& images,
                                           const loaders::ModelCard& card, const Options& o) {
  if (!graphs.fake) return {};
  const std::vector<size_t> indices = loaders::subset_indices(images.size(), kCompared, loaders::Subset::spread);
  std::vector<quant::NodeComparison> rows = quant::compare(*graphs.fake, graphs.int8, images.batch(indices, card.input));
  apps::show_comparison(rows, o.verbose);
  return rows;
}

apps::Evaluation evaluate(const Graphs& graphs, const apps::EvaluationSet& data, const loaders::ModelCard& card,
                          const Options& o) {
  const Device device = o.common.compute_device();
  std::vector<nn::Graph> fast;
  fast.push_back(nn::optimize_for_inference(graphs.as_float, device));
  if (graphs.fake) fast.push_back(nn::optimize_for_inference(*graphs.fake, device));
  fast.push_back(nn::optimize_for_inference(graphs.int8, device));
  std::vector<const nn::Graph*> all;
  for (const nn::Graph& graph : fast) all.push_back(&graph);
  return apps::evaluate(all, *data.images, data.outputs,
                        {.batch_size = o.data.batch_size, .transform = card.input, .quiet = o.common.quiet});
}

size_t parameter_bytes(const nn::Graph& float_graph) {
  size_t bytes = 0;
  for (const nn::Node& node : float_graph.nodes())
    for (const auto& [name, tensor] : node.parameters) bytes += tensor.nbytes();
  return bytes;
}

void check_usage(const CLI::App& app, const Options& o) {
  apps::check_calibration_usage(app, o.data, o.calibrate_on);
  if (!o.export_to.empty() && o.output.empty()) throw CLI::ValidationError("--export: needs --output DIR to write into");
  if (o.benchmark > 0 && o.common.compute_device() != Device::cpu)
    throw CLI::ValidationError("--benchmark: times the layers on the CPU; use --device cpu, or predict --benchmark");
  if (o.output.empty()) return;
  apps::make_folder(o.output);
  apps::check_can_export(o.output, o.export_to, {o.data.weights, o.qconfig.file, o.image, o.card.labels},
                         o.force ? apps::Replace::all_files : apps::Replace::own_files);
}

/// What was asked for, for report.json.
nlohmann::json inputs_json(const Options& o) {
  const auto name = [](const std::string& text) {
    return text.empty() ? nlohmann::json(nullptr) : nlohmann::json(loaders::printable(text));
  };
  return {{"weights", name(o.data.weights)},
          {"data", name(o.data.data)},
          {"split", o.data.split},
          {"calibration_split", name(o.calibrate_on.split)},
          {"calibration_input", name(o.calibrate_on.input)},
          {"eval_data", name(o.calibrate_on.eval_data)},
          {"valid_share", o.data.valid_share},
          {"limit", o.limit},
          {"subset", o.subset},
          {"calibration", o.calibration},
          {"eval_limit", o.eval_limit},
          {"batch_size", o.data.batch_size},
          {"image", name(o.image)},
          {"labels", name(o.card.labels)},
          {"qconfig", name(o.qconfig.file)},
          {"seed", o.data.seed},
          {"device", o.common.device}};
}

void quantize(const CLI::App& app, const Options& o) {
  const apps::Stopwatch watch;
  check_usage(app, o);
  const apps::CalibrationSet data = open_data(o);
  const apps::Model model = load_model(o);
  const loaders::ModelCard card = make_card(model, data, o);
  const std::optional<Tensor> image = read_image(o, card);
  const apps::EvaluationSet evaluated = apps::open_evaluation(
      o.data, o.calibrate_on, apps::image_limit(o.eval_limit),
      [&](const std::vector<std::string>& classes) { return apps::output_of_class(classes, card, model.classes); });
  const quant::QConfigMapping qconfig = choose_qconfig(app, o, model);

  nn::Graph prepared = prepare(model, qconfig, o.qconfig);
  const Calibration calibration = model.qat ? nothing_to_calibrate() : calibrate(prepared, data, card, o);
  show_observers(prepared, o);
  const nn::Graph int8 = convert(prepared, qconfig, o);
  const std::optional<quant::HandCheck> check = verify(int8, image, card, o);
  apps::show_stage(10, "Evaluate");
  const Graphs graphs{model.graph, o.fake_quant ? std::optional(quant::fake_quantize(prepared, qconfig)) : std::nullopt, int8};
  const std::vector<quant::NodeComparison> comparison =
      compare(graphs, evaluated.images ? apps::CalibrationSet{"", evaluated.images, {}} : data, card, o);
  const size_t shared = apps::shared_images(o.data, data, calibration.indices, evaluated);
  std::optional<apps::Evaluation> evaluation;
  if (evaluated.images) evaluation = evaluate(graphs, evaluated, card, o);

  const std::string source = loaders::printable(std::filesystem::path(o.data.weights).filename().string());
  const quant::SavedModel saved = quant::save_graph(int8, {{"backend", qconfig.backend()},
                                                           {"qconfig", quant::to_json(qconfig)},
                                                           {"source", source},
                                                           {loaders::kCardKey, loaders::to_json(card)}});
  const loaders::SafeTensors file{saved.tensors, saved.metadata};
  const apps::Sizes sizes{parameter_bytes(model.graph), loaders::safetensors_size(file)};
  if (evaluation)
    apps::show_evaluation(*evaluation, sizes, watch.seconds());
  else
    std::cout << "not evaluated: " << evaluated.none_because << "\nfloat " << sizes.float_bytes << " bytes, int8 "
              << sizes.int8_bytes << " bytes\n";
  apps::show_shared_images(shared, evaluated.images ? evaluated.images->size() : 0);
  if (o.benchmark > 0)
    apps::show_layer_times(nn::optimize_for_inference(model.graph), nn::optimize_for_inference(int8),
                           {1, card.input.channels(), card.input.size, card.input.size}, o.benchmark);
  if (o.output.empty()) return;

  nlohmann::json report = apps::report_json({qconfig, quant::observers(prepared), int8, check, card, data, calibration.done,
                                             shared, comparison, evaluated, evaluation, sizes});
  report["inputs"] = inputs_json(o);
  report["timings"] = {{"calibrate", calibration.seconds}, {"total", watch.seconds()}};
  if (evaluation) {
    report["timings"]["float"] = evaluation->scores.front().seconds;
    report["timings"]["int8"] = evaluation->scores.back().seconds;
  }
  loaders::save_safetensors(o.output + "/model.safetensors", file);
  loaders::write_atomically(o.output + "/report.json", [&](loaders::Output& out) { out.write(report.dump(1) + "\n"); });
  std::cout << "wrote " << o.output << "/model.safetensors, report.json";
  for (const std::string& form : o.export_to)
    std::cout << ", " << apps::export_int8(form, o.output, {prepared, qconfig, int8, card});
  std::cout << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Static quantization, end to end: calibrates a float model on real images and converts it to int8.", "quantize"};
  Options options;
  add_options(app, options);
  return apps::run_app(app, argc, argv, options.common, [&] { quantize(app, options); });
}
