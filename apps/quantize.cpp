// quantize: the documented static quantization workflow, end to end, on real images.
//
//   data -> float model -> prepare (fold, fuse, observe) -> calibrate -> convert to int8 -> look inside -> verify by hand ->
//   evaluate
// It prints what the notebook prints, stage by stage, and with --output writes model.safetensors and report.json.
// PyTorch counterpart: get_default_qconfig_mapping, prepare_fx, calibration, convert_fx.
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <numeric>

#include "apps/common/cli.h"
#include "apps/common/evaluate.h"
#include "apps/common/models.h"
#include "apps/common/progress.h"
#include "apps/common/show.h"
#include "loaders/file.h"
#include "loaders/safetensors.h"
#include "nn/executor.h"
#include "nn/print.h"
#include "quant/convert.h"
#include "quant/model_file.h"
#include "tensor/random.h"

using namespace octet;

namespace {

struct Options {
  apps::CommonOptions common;
  std::string weights = OCTET_DATA_DIR "/resnet18-imagenette-fastai.pth";
  std::string data = OCTET_DATA_DIR "/imagenette-sample";
  std::string split = "val", backend = "qnnpack", subset = "first", output;
  int batch_size = 64;
  int64_t limit = 0, eval_limit = 0;
  int64_t seed = 0;
  bool verbose = false;
};

void add_options(CLI::App& app, Options& o) {
  app.add_option("--weights", o.weights, "Float checkpoint, .pth or .safetensors, with torchvision's or fastai's keys")
      ->capture_default_str();
  app.add_option("--data", o.data, "Imagenette: a folder with train/ and val/, or a .tgz of one")->capture_default_str();
  app.add_option("--split", o.split, "Images to calibrate and evaluate on")
      ->check(CLI::IsMember({"val", "train", "valid"}))
      ->capture_default_str();
  app.add_option("--backend", o.backend, "qconfig and engine")
      ->check(CLI::IsMember({"qnnpack", "x86", "fbgemm", "onednn"}))
      ->capture_default_str();
  app.add_option("--batch-size", o.batch_size, "Images per batch")->check(CLI::Range(1, 4096))->capture_default_str();
  app.add_option("--limit", o.limit, "Images to calibrate on; 0: all")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40))
      ->capture_default_str();
  app.add_option("--subset", o.subset, "Which ones --limit takes: the first in sorted order, or spread over all classes")
      ->check(CLI::IsMember({"first", "spread"}))
      ->capture_default_str();
  app.add_option("--eval-limit", o.eval_limit, "Images to evaluate on, spread over all classes; 0: all")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40))
      ->capture_default_str();
  app.add_option("--output", o.output, "Folder for model.safetensors and report.json; none: nothing is written");
  app.add_option("--seed", o.seed, "For the random image of the hand check")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 62))
      ->capture_default_str();
  app.add_flag("--verbose", o.verbose, "Show every observer and the converted graph's calls");
  apps::add_common_options(app, o.common);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Runs the prepared graph over the images; its observers do the rest.
std::vector<loaders::Skipped> calibrate(const nn::Graph& prepared, const loaders::Imagenette& data, const Options& o) {
  std::vector<size_t> indices =
      o.limit ? loaders::subset_indices(data.size(), static_cast<size_t>(o.limit),
                                        o.subset == "first" ? loaders::Subset::first : loaders::Subset::spread)
              : loaders::subset_indices(data.size(), data.size(), loaders::Subset::first);
  apps::Progress progress("calibrate", static_cast<int64_t>(indices.size()), o.common.quiet);
  loaders::Batches batches(data, std::move(indices), {.batch_size = o.batch_size});
  while (const auto batch = batches.next()) {
    nn::run(prepared, batch->images);
    progress.add(batch->images.size(0));
  }
  return batches.skipped();
}

size_t parameter_bytes(const nn::Graph& float_graph) {
  size_t bytes = 0;
  for (const nn::Node& node : float_graph.nodes())
    for (const auto& [name, tensor] : node.parameters) bytes += tensor.nbytes();
  return bytes;
}

void write_report(const std::string& path, const nlohmann::json& report) {
  const std::string text = report.dump(1) + "\n";
  loaders::write_atomically(path, [&](loaders::Output& file) { file.write(text); });
}

void quantize(const Options& o) {
  const auto start = std::chrono::steady_clock::now();
  if (!o.output.empty()) apps::make_folder(o.output);

  apps::show_stage(1, "Data");
  const loaders::Imagenette data(o.data, o.split);
  for (const std::string& warning : data.warnings()) std::cerr << "note: " << warning << "\n";
  std::cout << o.data << ", split " << o.split << ": " << data.size() << " images of " << data.classes().size() << " classes\n";

  apps::show_stage(2, "Float model");
  apps::Model model = apps::load_float_model(o.weights);
  for (const std::string& note : model.notes) std::cerr << "note: " << note << "\n";
  const std::vector<int> outputs = apps::output_of_class(data.classes(), model.classes);
  std::cout << o.weights << ": " << model.description << ", " << model.classes << " classes\n";

  apps::show_stage(3, "Prepare: fold batch norm, fuse relu, insert observers");
  const quant::QConfig qconfig = quant::default_qconfig(o.backend);
  const nn::Graph prepared = quant::prepare(model.graph, qconfig);
  const auto observers = quant::observers(prepared);
  std::cout << "backend " << o.backend << ": " << observers.size() << " observers, int8 arithmetic of " << name_of(qconfig.engine)
            << "\n";

  apps::show_stage(4, "Calibrate");
  const auto calibration_start = std::chrono::steady_clock::now();
  const auto skipped = calibrate(prepared, data, o);
  const double calibration_seconds = seconds_since(calibration_start);
  std::cout << "observed in " << std::fixed << std::setprecision(1) << calibration_seconds << " s\n" << std::defaultfloat;
  apps::show_skipped(skipped);

  apps::show_stage(5, "Observers");
  apps::show_observers(observers, o.verbose ? observers.size() : 3);

  apps::show_stage(6, "Convert to int8");
  const nn::Graph int8 = quant::convert(prepared, qconfig);
  std::cout << nn::modules_to_string(int8) << "\n";
  if (o.verbose) std::cout << "\n" << nn::graph_to_string(int8);
  const quant::SavedModel saved =
      quant::save_graph(int8, {{"backend", o.backend}, {"source", std::filesystem::path(o.weights).filename().string()}});
  const loaders::SafeTensors file{saved.tensors, saved.metadata};

  apps::show_stage(7, "Inside the first layer");
  apps::show_first_layer(int8);

  apps::show_stage(8, "A random image through the int8 model");
  Generator generator(static_cast<uint64_t>(o.seed));
  const quant::HandCheck check = quant::verify_first_layer(int8, randn({1, 3, 224, 224}, generator));
  apps::show_codes(check);

  apps::show_stage(9, "The first layer by hand");
  std::cout << "im2col, integer matrix product, int32 bias, requantize: " << check.equal << " of " << check.total
            << " outputs equal the int8 layer's\n";
  OCTET_CHECK(check.equal == check.total, "the first layer by hand differs in ", check.total - check.equal, " outputs, by up to ",
              check.largest_difference);

  apps::show_stage(10, "Evaluate");
  const loaders::Imagenette eval_data(o.data, o.split,
                                      {.limit = o.eval_limit ? std::optional(static_cast<size_t>(o.eval_limit)) : std::nullopt});
  const apps::Evaluation e = apps::evaluate(model.graph, &int8, eval_data, outputs, o.batch_size, o.common.quiet);
  const auto images = static_cast<double>(e.images);
  const size_t float_bytes = parameter_bytes(model.graph), int8_bytes = loaders::safetensors_size(file);
  std::cout << std::fixed << std::setprecision(2) << "          top-1     size            time per image\n"
            << "float   " << std::setw(6) << 100 * e.accuracy(e.first) << " %  " << std::setw(10) << float_bytes << " bytes  "
            << 1e3 * e.first.seconds / images << " ms\n"
            << "int8    " << std::setw(6) << 100 * e.accuracy(e.second) << " %  " << std::setw(10) << int8_bytes << " bytes  "
            << 1e3 * e.second.seconds / images << " ms\n"
            << "same answer on " << 100.0 * static_cast<double>(e.agree) / images << " % of " << e.images << " images\n"
            << "peak memory " << apps::peak_memory() / 1000000 << " MB, total time " << std::setprecision(1)
            << seconds_since(start) << " s\n"
            << std::defaultfloat;
  apps::show_skipped(e.skipped);

  if (o.output.empty()) return;
  loaders::save_safetensors(o.output + "/model.safetensors", file);
  write_report(o.output + "/report.json",
               {{"backend", o.backend},
                {"engine", name_of(qconfig.engine)},
                {"observers", apps::observers_json(observers)},
                {"layers", apps::layers_json(int8)},
                {"hand_check", {{"equal", check.equal}, {"total", check.total}}},
                {"accuracy",
                 {{"float", e.accuracy(e.first)},
                  {"fake_quant", nullptr},
                  {"int8", e.accuracy(e.second)},
                  {"agreement", static_cast<double>(e.agree) / images},
                  {"images", e.images},
                  {"skipped", e.skipped.size()}}},
                {"bytes", {{"float", float_bytes}, {"int8", int8_bytes}, {"peak_memory", apps::peak_memory()}}},
                {"timings",
                 {{"calibrate", calibration_seconds},
                  {"float", e.first.seconds},
                  {"int8", e.second.seconds},
                  {"total", seconds_since(start)}}}});
  std::cout << "wrote " << o.output << "/model.safetensors and report.json\n";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Static quantization of ResNet18, end to end: calibrates a float model on real images and converts it to int8.",
               "quantize"};
  Options options;
  add_options(app, options);
  return apps::run_app(app, argc, argv, options.common, [&] { quantize(options); });
}
