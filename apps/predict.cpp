// predict: runs a model, float or int8, ours or one that PyTorch quantized, on images or on a tensor.
//
//   predict --model M image.jpg ...                      the top classes of each image
//   predict --model M --input X.npy --output Y.npy       float32 [N, 3, H, W] in, logits [N, classes] out
//   predict --model M --input X.npy --dump DIR           every node's output as NAME.npy; of quantized nodes uint8 [N, C, H, W]
//   predict --model M --benchmark 5 --batch 32           the time of random images
#include <cmath>
#include <iomanip>
#include <iostream>

#include "apps/common/benchmark.h"
#include "apps/common/cli.h"
#include "apps/common/models.h"
#include "apps/common/output_paths.h"
#include "apps/common/tune.h"
#include "loaders/datasets/imagenette.h"
#include "loaders/files/file.h"
#include "loaders/files/npy.h"
#include "loaders/images/image.h"
#include "loaders/images/resize.h"
#include "loaders/images/transforms.h"
#include "nn/graph/executor.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "ops/elementwise.h"
#include "quant/qconfig/qconfig_mapping.h"

using namespace octet;

namespace {

struct Options {
  apps::CommonOptions common;
  std::string model, engine, input, output, dump;
  std::vector<std::string> images;
  int top = 3;
  int batch_size = 64;
  apps::InferenceBenchmark benchmark;
  bool tune = false;
};

void add_options(CLI::App& app, Options& o) {
  app.add_option("--model", o.model, "Float checkpoint, int8 model.safetensors, or a state_dict that PyTorch quantized")
      ->check(apps::not_empty())
      ->required();
  app.add_option("--engine", o.engine, "Arithmetic of a PyTorch state_dict; default: by the form of its weights")
      ->check(CLI::IsMember(quant::engine_names()));
  app.add_option("--input", o.input, "float32 [N, 3, H, W] as .npy, normalized as the model expects")->check(apps::not_empty());
  app.add_option("--output", o.output, "Where the logits go, as .npy")->check(apps::not_empty())->needs("--input");
  app.add_option("--dump", o.dump, "Folder for every node's output as .npy")->check(apps::not_empty())->needs("--input");
  app.add_option("--top", o.top, "Classes to print per image")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--batch-size", o.batch_size, "Images per batch of --input; --dump runs all at once")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  auto* seconds = app.add_option("--benchmark", o.benchmark.seconds, "Only time the model on random images for so many seconds")
                      ->check(apps::number(0, 1e6, apps::Low::excluded));
  app.add_flag("--tune", o.tune, "Only find the fastest algorithm of each int8 convolution here, and write it into --model")
      ->excludes(seconds);
  app.add_option("--batch", o.benchmark.batch_size, "Images at once, with --benchmark or --tune")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_option("--size", o.benchmark.image_size, "Their side in pixels")->check(CLI::Range(32, 4096))->capture_default_str();
  app.add_flag("--layers", o.benchmark.layers, "Also the time of each layer")->needs(seconds);
  app.add_option("images", o.images, "JPEG or PNG files")->check(apps::not_empty());
  apps::add_common_options(app, o.common);
}

/// The ten names of Imagenette for a model with ten classes; otherwise the class's number.
std::string class_name(int index, int64_t classes) {
  const auto& imagenette = loaders::kImagenetteClasses;
  if (classes == std::ssize(imagenette)) return std::string(imagenette[static_cast<size_t>(index)].human_name);
  return "class " + std::to_string(index);
}

/// "M.pth on [1, 3, 224, 224]"; errors of the model on that input begin with it.
std::string run_of(const std::string& model_file, const Tensor& x) {
  return str(loaders::printable(model_file), " on ", x.shape());
}

/// x float32 [N, 3, H, W] -> logits float32 [N, classes]; whatever else the graph gives is an error.
Tensor logits_of(const nn::Graph& graph, const std::string& model_file, const Tensor& x, const nn::NodeCallback& on_node = {}) {
  return apps::naming(run_of(model_file, x), [&] {
    const Tensor y = nn::run(graph, x, on_node);
    OCTET_CHECK(y.dtype() == DType::f32 && y.dim() == 2 && y.size(0) == x.size(0) && y.size(1) > 0, "the model gives ", y.dtype(),
                " ", y.shape(), ", expected float32 [", x.size(0), ", classes]; it is no classifier");
    return y;
  });
}

void predict_image(const apps::Model& model, const std::string& model_file, const std::string& path, int top) {
  const loaders::File file(path);
  const std::span bytes(reinterpret_cast<const uint8_t*>(file.bytes().data()), file.bytes().size());
  const loaders::Image image = loaders::crop_and_resize(loaders::decode_image(bytes, file.name()), 224);
  Tensor x({1, 3, 224, 224});
  loaders::to_normalized(image, x.data<float>());
  const Tensor probabilities = ops::softmax(logits_of(model.graph, model_file, x));
  std::vector<int> order(static_cast<size_t>(probabilities.size(1)));
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  const float* p = probabilities.data<float>();
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return p[a] > p[b]; });
  std::cout << file.name() << ":";
  for (int i = 0; i < std::min<int>(top, static_cast<int>(order.size())); ++i)
    std::cout << (i ? ", " : " ") << class_name(order[static_cast<size_t>(i)], model.classes) << " " << std::fixed
              << std::setprecision(1) << 100 * p[order[static_cast<size_t>(i)]] << " %";
  std::cout << "\n";
}

void check_input(const Tensor& x, const std::string& path) {
  OCTET_CHECK(x.dtype() == DType::f32 && x.dim() == 4 && x.size(1) == 3 && x.size(0) > 0, loaders::printable(path),
              ": expected float32 [N, 3, H, W] with N above 0, got ", x.dtype(), " ", x.shape());
}

/// argmax of NaNs still names a class; refuse instead.
void check_finite(const Tensor& t, const std::string& name) {
  const float* values = t.data<float>();
  const float* bad = std::find_if(values, values + t.numel(), [](float v) { return !std::isfinite(v); });
  int64_t rest = bad - values;
  if (rest == t.numel()) return;
  Shape place(t.shape());
  for (size_t d = place.size(); d-- > 0; rest /= t.shape()[d]) place[d] = rest % t.shape()[d];
  fail(name, ": ", std::isnan(*bad) ? "NaN" : "infinity", " at ", place,
       ", expected finite numbers; --output writes the logits all the same");
}

/// Runs x in batches; with a folder, all at once and every node's output goes there.
Tensor run_input(const nn::Graph& graph, const Tensor& x, const Options& o) {
  if (!o.dump.empty()) {
    apps::make_folder(o.dump);
    return logits_of(graph, o.model, x, [&](const nn::Node& node, const Tensor& computed) {
      const Tensor result = computed.to(Device::cpu);
      loaders::save_npy(o.dump + "/" + node.name + ".npy", result.dtype() == DType::quint8 ? to_channels_first(result) : result);
    });
  }
  Tensor logits;
  for (int64_t n = 0; n < x.size(0); n += o.batch_size) {
    const int64_t end = std::min(x.size(0), n + o.batch_size);
    const Tensor y = logits_of(graph, o.model, x.slice(n, end));
    if (!logits.defined()) logits = Tensor({x.size(0), y.size(1)});
    OCTET_CHECK(y.size(1) == logits.size(1), loaders::printable(o.model), ": the number of classes changes from ", logits.size(1),
                " to ", y.size(1), " between batches");
    std::memcpy(logits.slice(n, end).bytes(), y.bytes(), y.nbytes());
  }
  return logits;
}

void predict(const Options& o) {
  apps::keep_freed_memory();
  if (!o.output.empty()) {
    std::vector<std::string> inputs = o.images;
    inputs.insert(inputs.begin(), {o.model, o.input});
    apps::refuse_overwriting("--output", o.output, inputs);
    apps::check_can_write(o.output);
  }
  if (o.tune && o.common.compute_device() != Device::cpu)
    throw CLI::ValidationError("--tune: chooses among ways of the CPU; use --device cpu");
  if (o.tune) return apps::tune_model(o.model, {o.benchmark.batch_size, o.benchmark.image_size});
  apps::Model model =
      apps::load_any_model(o.model, o.engine.empty() ? std::nullopt : std::optional(quant::parse_engine(o.engine)));
  for (const std::string& note : model.notes) std::cerr << "note: " << note << "\n";
  const Device device = o.common.compute_device();
  const std::string file = loaders::printable(o.model);
  model.graph = apps::naming(
      file, [&] { return o.dump.empty() ? nn::optimize_for_inference(model.graph, device) : model.graph.to(device); });
  if (o.benchmark.seconds > 0) return apps::naming(file, [&] { apps::benchmark_inference(model.graph, o.benchmark); });
  if (!o.input.empty()) {
    const Tensor x = loaders::load_npy(o.input);
    check_input(x, o.input);
    const bool prints = o.output.empty() && o.dump.empty();
    if (prints) check_finite(x, loaders::printable(o.input));
    const Tensor logits = run_input(model.graph, x, o);
    if (!o.output.empty()) loaders::save_npy(o.output, logits);
    if (prints) check_finite(logits, file + ": logits");
    if (prints)
      for (int answer : ops::argmax(logits)) std::cout << class_name(answer, model.classes) << "\n";
  }
  for (const std::string& path : o.images) predict_image(model, o.model, path, o.top);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Runs a float or int8 network on images or on a tensor.", "predict"};
  Options options;
  add_options(app, options);
  app.final_callback([&] {
    const bool timed = options.benchmark.seconds > 0 || options.tune;
    for (const char* name : {"--batch", "--size"})
      if (app.count(name) && !timed) throw CLI::RequiresError(name, "--benchmark or --tune");
    for (const char* name : {"images", "--input"})  // --output and --dump need --input
      if (app.count(name) && timed) throw CLI::ExcludesError(options.tune ? "--tune" : "--benchmark", name);
    if (options.tune && app.count("--engine")) throw CLI::ExcludesError("--tune", "--engine");
    if (app.count("--top") && options.images.empty()) throw CLI::RequiresError("--top", "images");
    if (app.count("--batch-size") && options.input.empty()) throw CLI::RequiresError("--batch-size", "--input");
    if (options.images.empty() && options.input.empty() && !timed)
      throw CLI::RequiredError("images, --input, --benchmark or --tune");
  });
  return apps::run_app(app, argc, argv, options.common, [&] { predict(options); });
}
