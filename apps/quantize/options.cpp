#include "apps/quantize/options.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/common/export.h"
#include "apps/common/output_paths.h"
#include "loaders/files/bytes.h"

namespace octet::apps {

void add_quantize_options(CLI::App& app, QuantizeOptions& o) {
  add_data_options(app, o.data);
  app.get_option("--data")->description(app.get_option("--data")->get_description() +
                                        "; to calibrate on: any folder of images, or -: file names on standard input");
  add_calibration_options(app, o.calibrate_on);
  add_qconfig_options(app, o.qconfig);
  add_size_option(app, o.card);
  add_card_options(app, o.card);
  app.add_option("--limit", o.limit, "Images to calibrate on; 0: all")->check(image_count())->capture_default_str();
  app.add_option("--subset", o.subset, "Which ones --limit takes: the first in sorted order, or spread over all classes")
      ->check(CLI::IsMember({"first", "spread"}))
      ->capture_default_str();
  app.add_option("--calibration", o.calibration,
                 "one-pass, as PyTorch; or two-pass: ranges first, counts second, whatever the order of the images")
      ->check(CLI::IsMember({"one-pass", "two-pass"}))
      ->capture_default_str();
  app.add_option("--eval-limit", o.eval_limit, "Images to evaluate on, spread over all classes; 0: all")
      ->check(image_count())
      ->capture_default_str();
  app.add_option("--output", o.output, "Folder for model.safetensors, report.json and report.html; none: nothing is written")
      ->check(not_empty());
  app.add_option("--export", o.export_to,
                 "Also write, into --output: torch: quantized.pth, which loads with strict=True into convert_fx's model; npy: "
                 "layers/NAME.weight.npy and so on; onnx: model.onnx, for other engines; c: model.h, every layer's integers as "
                 "C99. Several: torch,npy")
      ->delimiter(',')
      ->check(CLI::IsMember({"torch", "npy", "onnx", "c"}));
  app.add_option("--dump", o.dump,
                 "Folder for what every node of the float, fake-quant and int8 graphs gives, on up to 8 images, as .npy, and "
                 "partners.json, which says what belongs together")
      ->check(not_empty());
  app.add_flag("--force", o.force, "Replace files in --output that octet has not written");
  app.add_option("--image", o.image, "Of stages 8 and 9, instead of a random one; report.html shows its activations")
      ->check(not_empty());
  app.add_option("--seed", o.data.seed, "For the random image of the hand check, and for --valid-share")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 62))
      ->capture_default_str();
  app.add_flag("--fake-quant,!--no-fake-quant", o.fake_quant, "Also evaluate the fake-quant graph, and compare int8 with it")
      ->capture_default_str();
  app.add_option("--benchmark", o.benchmark, "Also time each layer on one image, int8 beside float, for so many seconds each")
      ->check(CLI::Range(0.01, 3600.0));
  app.add_flag("--verbose", o.verbose, "Show every observer, the converted graph's calls and every node's comparison");
  add_common_options(app, o.common);
}

void check_usage(const CLI::App& app, const QuantizeOptions& o) {
  check_calibration_usage(app, o.data, o.calibrate_on);
  if (!o.export_to.empty() && o.output.empty()) throw CLI::ValidationError("--export: needs --output DIR to write into");
  if (o.benchmark > 0 && o.common.compute_device() != Device::cpu)
    throw CLI::ValidationError("--benchmark: times the layers on the CPU; use --device cpu, or predict --benchmark");
  if (!o.dump.empty()) {
    make_folder(o.dump);
    check_can_fill(o.dump);
  }
  if (o.output.empty()) return;
  make_folder(o.output);
  check_can_export(o.output, o.export_to, {o.data.weights, o.data.network, o.qconfig.file, o.image, o.card.labels},
                   o.force ? Replace::all_files : Replace::own_files);
}

nlohmann::json inputs_json(const QuantizeOptions& o) {
  const auto name = [](const std::string& text) {
    return text.empty() ? nlohmann::json(nullptr) : nlohmann::json(loaders::printable(text));
  };
  return {{"weights", name(o.data.weights)},
          {"network", name(o.data.network)},
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

}  // namespace octet::apps
