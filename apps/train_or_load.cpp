// train_or_load: loads a float checkpoint and evaluates it on a dataset.
//
//   train_or_load --weights W.pth --data imagenette2-320.tgz
// --head fastai puts torchvision's ImageNet weights under a new fastai head.
#include <iomanip>
#include <iostream>

#include "apps/common/cli.h"
#include "apps/common/evaluate.h"
#include "apps/common/models.h"
#include "apps/common/show.h"
#include "apps/train/benchmark.h"

using namespace octet;

namespace {

struct Options {
  apps::CommonOptions common;
  apps::DataOptions data;
  std::string head = "auto";
  int64_t limit = 0, seed = 0;
  apps::BenchmarkOptions benchmark{.steps = 0};
};

void add_options(CLI::App& app, Options& o) {
  apps::add_data_options(app, o.data);
  app.add_option("--head", o.head,
                 "auto: the checkpoint's own; fastai: a new fastai head for the data's classes on torchvision's body")
      ->check(CLI::IsMember({"auto", "fastai"}))
      ->capture_default_str();
  app.add_option("--limit", o.limit, "Images to evaluate on, spread over all classes; 0: all")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40))
      ->capture_default_str();
  app.add_option("--seed", o.seed, "For the initialisation of a new head")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 62))
      ->capture_default_str();
  app.add_option("--benchmark-steps", o.benchmark.steps, "Only time this many training steps on random images")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  app.add_option("--size", o.benchmark.size, "Side of the images")->check(CLI::Range(32, 1024))->capture_default_str();
  apps::add_common_options(app, o.common);
}

void train_or_load(const Options& o) {
  if (o.benchmark.steps > 0) {
    apps::BenchmarkOptions benchmark = o.benchmark;
    benchmark.batch_size = o.data.batch_size;
    return apps::benchmark_training(benchmark);
  }
  const loaders::Imagenette data(o.data.data, o.data.split,
                                 {.limit = o.limit ? std::optional(static_cast<size_t>(o.limit)) : std::nullopt});
  const apps::Model model =
      apps::load_float_model(o.data.weights, o.head, static_cast<int64_t>(data.classes().size()), static_cast<uint64_t>(o.seed));
  for (const std::string& note : model.notes) std::cerr << "note: " << note << "\n";
  std::cout << o.data.weights << ": " << model.description << ", " << model.classes << " classes\n";
  const std::vector<int> outputs = apps::output_of_class(data.classes(), model.classes);
  const apps::Evaluation e = apps::evaluate(model.graph, nullptr, data, outputs, o.data.batch_size, o.common.quiet);
  std::cout << std::fixed << std::setprecision(2) << "top-1 " << 100 * e.accuracy(e.first) << " % (" << e.first.right << " of "
            << e.images << " images of " << o.data.data << ", split " << o.data.split << "), "
            << 1e3 * e.first.seconds / static_cast<double>(e.images) << " ms per image\n";
  apps::show_skipped(e.skipped);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Loads a float ResNet18 checkpoint and evaluates it.", "train_or_load"};
  Options options;
  add_options(app, options);
  return apps::run_app(app, argc, argv, options.common, [&] { train_or_load(options); });
}
