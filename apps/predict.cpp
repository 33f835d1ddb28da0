// predict: runs a model, float or int8, ours or one that PyTorch quantized, on images or on a tensor.
//
//   predict --model M image.jpg folder 'x/*.png' -       the top classes of each image; -: names on standard input
//   predict --model M --data DIR                         accuracy on a folder of classes
//   predict --model M --input X.npy --output Y.npy       float32 [N, C, H, W] in, what the network gives out; .npz for several
//   predict --model M --input X.npy --dump DIR           every node's output as NAME.npy; of quantized nodes uint8 [N, C, H, W]
//   predict --model M --benchmark 5 --batch 32           the time of random images
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstring>
#include <iostream>

#include "apps/common/answers.h"
#include "apps/common/benchmark.h"
#include "apps/common/card_options.h"
#include "apps/common/classes.h"
#include "apps/common/cli.h"
#include "apps/common/data.h"
#include "apps/common/evaluate.h"
#include "apps/common/image_files.h"
#include "apps/common/limits.h"
#include "apps/common/models.h"
#include "apps/common/output_paths.h"
#include "apps/common/show.h"
#include "apps/common/tensors.h"
#include "apps/common/tune.h"
#include "apps/common/verify.h"
#include "loaders/files/file.h"
#include "loaders/files/npy.h"
#include "nn/graph/executor.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "ops/elementwise.h"
#include "quant/qconfig/qconfig_mapping.h"

using namespace octet;

namespace {

struct Options {
  apps::CommonOptions common;
  apps::CardOptions card;
  std::string model, network, engine, input, output, dump, data, split = "val";
  std::vector<std::string> images;
  int top = 3;
  int batch_size = 64;
  int64_t limit = 0;
  apps::InferenceBenchmark benchmark;
  bool tune = false, force = false, json = false, csv = false;

  apps::AnswerForm form() const { return json ? apps::AnswerForm::json : csv ? apps::AnswerForm::csv : apps::AnswerForm::text; }
};

void add_options(CLI::App& app, Options& o) {
  app.add_option(
         "--model", o.model,
         "Float checkpoint, network (.pt2, .onnx, int8 ones too), int8 model.safetensors, or a state_dict that PyTorch quantized")
      ->check(apps::not_empty())
      ->required();
  app.add_option("--network", o.network, "The network (.pt2 or .onnx) that a state_dict is of, if it is none of octet's own")
      ->check(apps::not_empty());
  app.add_option("--engine", o.engine,
                 "Arithmetic of a PyTorch state_dict, by default by the form of its weights, or of an int8 .onnx: fbgemm")
      ->check(CLI::IsMember(quant::engine_names()));
  app.add_option("--input", o.input,
                 "float32 [N, C, H, W] as .npy, normalized as the model expects; or an array for each input as .npz")
      ->check(apps::not_empty());
  app.add_option("--output", o.output, "Where the logits go, or whatever the network gives, as .npy; several results as .npz")
      ->check(apps::not_empty())
      ->needs("--input");
  app.add_flag("--force", o.force, "Replace the file of --output")->needs("--output");
  app.add_option("--dump", o.dump, "Folder for every node's output as .npy")->check(apps::not_empty())->needs("--input");
  app.add_option("--data", o.data,
                 "Evaluate on images in folders of classes: with train/, val/ or test/, or --split all; or a .tgz of them")
      ->check(apps::not_empty());
  app.add_option("--split", o.split, "Which part; all: of a folder of classes")
      ->check(CLI::IsMember({"val", "train", "valid", "test", "all"}))
      ->capture_default_str()
      ->needs("--data");
  app.add_option("--limit", o.limit, "Images of --data, spread over all classes; 0: all")
      ->check(apps::image_count())
      ->capture_default_str()
      ->needs("--data");
  auto* json = app.add_flag("--json", o.json, "Print JSON, a line for each image; with --data one line");
  app.add_flag("--csv", o.csv, "Print CSV")->excludes(json);
  app.add_option("--top", o.top, "Classes to print per image")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--batch-size", o.batch_size, "Images at once; --dump runs all at once")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  auto* seconds = app.add_option("--benchmark", o.benchmark.seconds, "Only time the model on random images for so many seconds")
                      ->check(apps::number(0, 1e6, apps::Low::excluded));
  app.add_flag("--tune", o.tune, "Only find the fastest algorithm of each int8 convolution here, and write it into --model")
      ->excludes(seconds);
  app.add_option("--batch", o.benchmark.batch_size, "Images at once, with --benchmark or --tune")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_flag("--layers", o.benchmark.layers, "Also the time of each layer")->needs(seconds);
  app.add_option("images", o.images, "Image files, folders of them, patterns; -: names on standard input")
      ->check(apps::not_empty());
  apps::add_size_option(app, o.card);
  apps::add_card_options(app, o.card);
  apps::add_common_options(app, o.common);
}

/// x float32 [N, C, H, W] -> logits float32 [N, classes]; whatever else the graph gives is an error.
Tensor logits_of(const nn::Graph& graph, const std::string& model_file, const Tensor& x, const nn::NodeCallback& on_node = {}) {
  return apps::naming(str(loaders::printable(model_file), " on ", x.shape()), [&] {
    const Tensor y = nn::run(graph, x, on_node);
    OCTET_CHECK(y.dtype() == DType::f32 && y.dim() == 2 && y.size(0) == x.size(0) && y.size(1) > 0, "the model gives ", y.dtype(),
                " ", y.shape(), ", expected float32 [", x.size(0),
                ", classes]; it is no classifier: give --input X.npy and --output Y.npy");
    return y;
  });
}

/// For each image either its input or the reason why it has none.
struct Inputs {
  std::vector<Tensor> x;  // [1, C, size, size]
  std::vector<std::string> reasons;
};

Inputs read_images(std::span<const std::string> paths, const loaders::ImageTransform& transform) {
  Inputs inputs{std::vector<Tensor>(paths.size()), std::vector<std::string>(paths.size())};
#pragma omp parallel for schedule(dynamic)
  for (size_t i = 0; i < paths.size(); ++i) try {
      inputs.x[i] = loaders::to_tensor(apps::read_image(paths[i]), transform);
    } catch (const std::exception& error) {  // must not leave the parallel region
      inputs.reasons[i] = error.what();
    }
  return inputs;
}

/// The inputs that there are, one after the other: [N, C, size, size].
Tensor stacked(const std::vector<Tensor>& x) {
  const auto good = std::ranges::count_if(x, &Tensor::defined);
  Tensor all;
  int64_t n = 0;
  for (const Tensor& one : x) {
    if (!one.defined()) continue;
    if (!all.defined()) all = Tensor({good, one.size(1), one.size(2), one.size(3)});
    std::memcpy(all.slice(n, n + 1).bytes(), one.bytes(), one.nbytes());
    ++n;
  }
  return all;
}

/// Prints the answers of each image. Those that cannot be read are named and counted; the rest goes on.
void predict_images(const nn::Graph& graph, apps::CostCheck& check, const loaders::ModelCard& card, const Options& o) {
  const apps::ImageFiles files = apps::find_images(o.images, std::cin);
  for (const std::string& note : files.notes) std::cerr << "note: " << one_line(note) << "\n";
  apps::Answers answers(o.form(), card.classes, o.top);
  std::vector<std::string> bad;
  const std::span<const std::string> paths = files.paths;
  for (size_t begin = 0; begin < paths.size(); begin += static_cast<size_t>(o.batch_size)) {
    const auto batch = paths.subspan(begin, std::min(static_cast<size_t>(o.batch_size), paths.size() - begin));
    const Inputs inputs = read_images(batch, card.input);
    const Tensor x = stacked(inputs.x);
    if (x.defined()) check(x.shape());
    const Tensor logits = x.defined() ? logits_of(graph, o.model, x) : Tensor();
    int64_t n = 0;
    for (size_t i = 0; i < batch.size(); ++i) {
      if (inputs.x[i].defined()) {
        answers.print(batch[i], logits.slice(n, n + 1));
        ++n;
      } else {
        answers.print_error(batch[i], inputs.reasons[i]);
        std::cerr << "skipped " << one_line(inputs.reasons[i]) << "\n";
        bad.push_back(inputs.reasons[i]);
      }
    }
  }
  if (!bad.empty()) fail(bad.size(), " of ", paths.size(), " images cannot be read; the first: ", bad.front());
}

/// Top-1, each class and the confusions on a folder of classes.
void evaluate(apps::CostCheck& check, const apps::Model& model, const loaders::ModelCard& card, const Options& o) {
  const loaders::ImageFolder data = apps::open_data({.data = o.data, .split = o.split}, o.split, apps::image_limit(o.limit));
  const std::vector<int> outputs = apps::output_of_class(data.classes(), card, model.classes);
  check(apps::input_shape(card, o.batch_size, data.size()));
  const apps::Evaluation e = apps::evaluate(
      {&model.graph}, data, outputs,
      {.batch_size = o.batch_size, .transform = card.input, .device = o.common.compute_device(), .quiet = o.common.quiet});
  if (o.form() != apps::AnswerForm::text) return apps::print_scores(o.form(), e, data.classes());
  apps::show_confusion(e.confusion, data.classes());
  apps::show_accuracy(e, str(o.data, ", split ", o.split, ", at ", card.input.size, " px"));
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

/// Runs it in parts; with a folder, all at once and every node's output goes there.
std::vector<Tensor> run_input(const nn::Graph& graph, const nn::Batch& batch, const Options& o) {
  return apps::naming(str(loaders::printable(o.model), " on ", batch.inputs[0].shape()), [&] {
    if (o.dump.empty()) return apps::run_in_parts(graph, batch, o.batch_size);
    apps::make_folder(o.dump);
    return nn::run_all(graph, batch, [&](const nn::Node& node, const Tensor& computed) {
      const Tensor result = computed.to(Device::cpu);
      loaders::save_npy(o.dump + "/" + node.name + ".npy", result.dtype() == DType::quint8 ? to_channels_first(result) : result);
    });
  });
}

/// The answers of a classifier.
void print_answers(const Tensor& logits, const loaders::ModelCard& card, const Options& o) {
  check_finite(logits, loaders::printable(o.model) + ": logits");
  if (o.form() == apps::AnswerForm::text) {
    for (int answer : ops::argmax(logits))
      std::cout << loaders::printable(apps::class_name(card.classes, static_cast<size_t>(answer))) << "\n";
    return;
  }
  apps::Answers answers(o.form(), card.classes, o.top);
  for (int64_t n = 0; n < logits.size(0); ++n) answers.print(str(o.input, "[", n, "]"), logits.slice(n, n + 1));
}

/// What other networks give: shape and range of each result.
void print_results(const std::vector<std::string>& names, const std::vector<Tensor>& results) {
  for (size_t i = 0; i < results.size(); ++i) {
    const float* values = results[i].data<float>();
    const auto [low, high] = std::minmax_element(values, values + results[i].numel());
    std::cout << loaders::printable(names[i]) << ": float32 " << results[i].shape();
    if (results[i].numel() > 0) std::cout << " from " << *low << " to " << *high;
    std::cout << "\n";
  }
}

/// The results for the tensors of --input, to stdout or to --output. names: of the results.
void predict_input(const nn::Graph& graph, apps::CostCheck& check, const apps::Model& model, const loaders::ModelCard& card,
                   const std::vector<std::string>& names, const Options& o) {
  const nn::Batch batch = apps::inputs_of(apps::load_arrays(o.input), model.graph, o.input);
  const Tensor& x = batch.inputs[0];
  OCTET_CHECK(batch.inputs.size() > 1 || x.dim() != 4 || x.size(1) == model.channels, loaders::printable(o.input),
              ": expected float32 [N, ", model.channels, ", H, W] with N above 0, got ", x.dtype(), " ", x.shape());
  check(apps::shapes_of(batch, o.dump.empty() ? o.batch_size : batch.images()));
  const bool prints = o.output.empty() && o.dump.empty();
  if (prints)
    for (const Tensor& input : batch.inputs) check_finite(input, loaders::printable(o.input));
  const std::vector<Tensor> results = run_input(graph, batch, o);
  if (!o.output.empty()) apps::save_results(o.output, names, results);
  if (!prints) return;
  const bool is_classifier = results.size() == 1 && results[0].dim() == 2 && results[0].size(1) > 0;
  is_classifier ? print_answers(results[0], card, o) : print_results(names, results);
}

void check_output(const Options& o) {
  if (o.output.empty()) return;
  std::vector<std::string> inputs = o.images;
  inputs.insert(inputs.begin(), {o.model, o.input, o.card.labels});
  apps::refuse_overwriting("--output", o.output, inputs);
  apps::check_can_write(o.output);
  if (!o.force) apps::refuse_to_replace("--output", o.output);
}

void predict(Options& o) {
  apps::keep_freed_memory();
  check_output(o);
  if (o.tune && o.common.compute_device() != Device::cpu)
    throw CLI::ValidationError("--tune: chooses among ways of the CPU; use --device cpu");
  apps::verify_files(o.common.verify, {o.model, o.network, o.data, o.input}, o.common.quiet);
  if (o.tune) return apps::tune_model(o.model, {o.benchmark.batch_size, o.card.size}, o.common);
  apps::Model model =
      apps::load_any_model(o.model, o.engine.empty() ? std::nullopt : std::optional(quant::parse_engine(o.engine)), o.network);
  for (const std::string& note : model.notes) std::cerr << "note: " << one_line(note) << "\n";
  const loaders::ModelCard card = apps::used_card(model, o.card, o.model);
  const Device device = o.common.compute_device();
  const std::string file = loaders::printable(o.model);
  apps::CostCheck check(model.graph, o.common, file);
  const auto runnable = [&] {
    return apps::naming(
        file, [&] { return o.dump.empty() ? nn::optimize_for_inference(model.graph, device) : model.graph.to(device); });
  };
  o.benchmark.image_size = card.input.size;
  o.benchmark.channels = model.channels;
  if (o.benchmark.seconds > 0) check({o.benchmark.batch_size, model.channels, card.input.size, card.input.size});
  if (o.benchmark.seconds > 0) return apps::naming(file, [&] { apps::benchmark_inference(runnable(), o.benchmark); });
  if (!o.input.empty()) predict_input(runnable(), check, model, card, apps::result_names(model.graph), o);
  if (o.images.empty() && o.data.empty()) return;
  apps::check_images(card, model, o.model);
  if (!o.common.quiet) std::cerr << apps::describe(card, model, o.card) << "\n";
  if (!o.data.empty()) evaluate(check, model, card, o);
  if (!o.images.empty()) predict_images(runnable(), check, card, o);
}

/// Options that parse, but have nothing to work on.
void check_usage(const CLI::App& app, const Options& o) {
  const bool timed = o.benchmark.seconds > 0 || o.tune, answers = !o.images.empty() || !o.data.empty();
  const auto needs = [&](std::initializer_list<const char*> names, bool fulfilled, const char* what) {
    for (const char* name : names)
      if (app.count(name) && !fulfilled) throw CLI::RequiresError(name, what);
  };
  needs({"--batch"}, timed, "--benchmark or --tune");
  needs({"--size"}, timed || answers, "images, --data, --benchmark or --tune");
  needs({"--resize", "--mean", "--std"}, answers, "images or --data");
  needs({"--labels", "--json", "--csv", "--batch-size"}, answers || !o.input.empty(), "images, --data or --input");
  needs({"--top"}, !o.images.empty() || (!o.input.empty() && (o.json || o.csv)), "images, or --input with --json or --csv");
  for (const char* name : {"images", "--input", "--data"})  // --output and --dump need --input
    if (app.count(name) && timed) throw CLI::ExcludesError(o.tune ? "--tune" : "--benchmark", name);
  if (o.tune && app.count("--engine")) throw CLI::ExcludesError("--tune", "--engine");
  if (!answers && o.input.empty() && !timed) throw CLI::RequiredError("images, --data, --input, --benchmark or --tune");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Runs a float or int8 network on images or on a tensor.", "predict"};
  Options options;
  add_options(app, options);
  app.final_callback([&] { check_usage(app, options); });
  return apps::run_app(app, argc, argv, options.common, [&] { predict(options); });
}
