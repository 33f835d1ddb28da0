// train_or_load: trains ResNet18, or loads a float checkpoint, and evaluates it on a dataset.
//
//   train_or_load --data imagenette2-320.tgz --epochs 20 --size 96,128,160 --output r18.pth      trains from scratch
//   train_or_load --weights W.pth --data MINE --freeze-epochs 1 --epochs 5                       fine-tunes
//   train_or_load --weights net.pt2 --data MINE --epochs 5 --output net.pth                      a network that the file defines
//   train_or_load --weights W.pth --data imagenette2-320.tgz                                     evaluates
// A checkpoint whose classes are not the data's gets a new head, of fastai's form with --head fastai (apps/train/start.h).
#include <CLI/CLI.hpp>
#include <iostream>

#include "apps/common/card_options.h"
#include "apps/common/classes.h"
#include "apps/common/cli.h"
#include "apps/common/data.h"
#include "apps/common/evaluate.h"
#include "apps/common/limits.h"
#include "apps/common/models.h"
#include "apps/common/open_model.h"
#include "apps/common/show.h"
#include "apps/common/verify.h"
#include "apps/train/benchmark.h"
#include "apps/train/start.h"
#include "apps/train/train.h"
#include "loaders/checkpoints/checkpoint.h"

using namespace octet;

namespace {

struct Options {
  apps::CommonOptions common;
  apps::DataOptions data;
  apps::CardOptions card;
  CLI::Option* weights = nullptr;  // was it given?
  std::string head = "auto";
  int64_t limit = 0;
  int benchmark_steps = 0;
  apps::TrainOptions train;
};

void add_options(CLI::App& app, Options& o) {
  apps::add_data_options(app, o.data);
  o.weights = app.get_option("--weights");
  app.add_option("--head", o.head,
                 "auto: the checkpoint's form, or fastai's from scratch; fastai, torchvision: that form, on a body of either. A "
                 "checkpoint whose classes are not the data's gets a new head")
      ->check(CLI::IsMember({"auto", "fastai", "torchvision"}))
      ->capture_default_str();
  app.add_option("--limit", o.limit, "Images to evaluate on, spread over all classes; 0: all")
      ->check(apps::image_count())
      ->capture_default_str();
  app.add_option("--benchmark-steps", o.benchmark_steps,
                 "Only time this many training steps on random images: of ResNet18, or of the network of --weights")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  apps::add_train_options(app, o.train);
  apps::add_card_options(app, o.card);
  apps::add_common_options(app, o.common);
}

void evaluate(const Options& o) {
  const loaders::ImageFolder data = apps::open_data(o.data, o.data.split, apps::image_limit(o.limit));
  const apps::Model model = apps::load_float_model(o.data.weights, {.network = o.data.network,
                                                                    .head = o.head,
                                                                    .classes = std::ssize(data.classes()),
                                                                    .seed = static_cast<uint64_t>(o.train.seed)});
  for (const std::string& note : model.notes) std::cerr << "note: " << one_line(note) << "\n";
  std::cout << loaders::printable(o.data.weights) << ": " << model.description << ", " << model.classes << " classes\n";
  const loaders::ModelCard card = apps::used_card(model, o.card, o.data.weights);
  apps::check_images(card, model, o.data.weights);
  std::cout << apps::describe(card, model, o.card) << "\n";
  const std::vector<int> outputs = apps::output_of_class(data.classes(), card, model.classes);
  apps::CostCheck(model.graph, o.common,
                  loaders::printable(o.data.weights))(apps::input_shape(card, o.data.batch_size, data.size()));
  const nn::Graph graph = apps::as_trained(model);
  const apps::Evaluation e = apps::evaluate(
      {&graph}, data, outputs,
      {.batch_size = o.data.batch_size, .transform = card.input, .device = o.common.compute_device(), .quiet = o.common.quiet});
  apps::show_confusion(e.confusion, data.classes());
  apps::show_accuracy(e, str(o.data.data, ", split ", o.data.split, ", at ", card.input.size, " px"));
}

/// An option of training that was given although nothing is trained, and that does nothing then; or none.
std::string without_effect(const CLI::App& app, const Options& o) {
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = option->get_name();
    const bool used = name == "--epochs" || name == "--freeze-epochs" || name == "--size" ||
                      (name == "--seed" && (o.head == "fastai" || o.data.valid_share > 0));  // a new head is random
    if (option->get_group() == "Training" && option->count() > 0 && !used) return name;
  }
  return "";
}

/// Options that parse, but not together.
void check_usage(const CLI::App& app, const Options& o) {
  const auto refuse = [](const std::string& what) { throw CLI::ValidationError(what); };
  const bool trains = o.train.trains();
  if (trains && o.data.batch_size < 2) refuse("--batch-size: batch norm needs at least 2 images to train on");
  if (trains && o.benchmark_steps > 0) refuse("--benchmark-steps: only times; leave out --epochs");
  if (trains && o.limit > 0) refuse("--limit: is for evaluation; training uses all images");
  if (trains && app.count("--split")) refuse("--split: is for evaluation; training uses train/ and validates on val/");
  if (!trains && o.train.resume) refuse("--resume: needs the --epochs and other options of the training that was begun");
  if (!trains && o.train.sizes.size() > 1) refuse("--size: several sizes are for training, with --epochs");
  if (app.count("--network") && app.count("--head")) refuse("--head: is for octet's own networks; leave it or --network out");
  if (o.head == "torchvision" && !trains) refuse("--head torchvision: is for training, with --epochs");
  if (!o.train.qat)
    for (const char* name : {"--backend", "--num-observer-update-epochs", "--num-batch-norm-update-epochs"})
      if (app.count(name)) refuse(std::string(name) + ": goes with --qat");
  if (const std::string name = trains ? "" : without_effect(app, o); !name.empty())
    refuse(name + ": is for training, with --epochs");
}

/// What the file of weights says that it is for: a card, or a network's size alone.
struct Said {
  std::optional<loaders::ModelCard> card = {};
  int size = 0;  // 0: nobody says
};

Said said_by(const std::string& weights) {
  if (weights.empty()) return {};
  if (!apps::is_network(weights)) {
    const auto card = loaders::read_card(weights);
    return {card, card ? card->input.size : 0};
  }
  const apps::Model network = apps::load_float_model(weights);
  return {network.card, network.card ? network.card->input.size : network.size};
}

/// With ten classes, as bench/train_step.py has them.
void benchmark(const Options& o) {
  const std::vector<std::string> classes{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  const std::string weights = o.weights->count() ? o.data.weights : "";
  const nn::LoadedModel start =
      apps::start_of_training({.weights = weights, .head = weights.empty() ? "torchvision" : "auto", .data = o.data}, classes, 0);
  apps::benchmark_training(start, {.steps = o.benchmark_steps,
                                   .size = o.train.sizes[0],
                                   .batch_size = o.data.batch_size,
                                   .device = o.common.compute_device()});
}

void train_or_load(const CLI::App& app, Options& o) {
  check_usage(app, o);
  o.train.batch_size = o.data.batch_size;
  o.data.seed = o.train.seed;
  if (o.benchmark_steps > 0) return benchmark(o);
  const std::string weights = o.weights->count() || !o.train.trains() ? o.data.weights : "";
  apps::verify_files(o.common.verify, {weights, o.data.network, o.data.data}, o.common.quiet);
  if (!o.train.trains()) {
    if (app.count("--size")) o.card.size = o.train.sizes[0];
    return evaluate(o);
  }
  const Said said = said_by(weights);
  if (said.size > 0 && !app.count("--size")) o.train.sizes = {said.size};
  apps::train({.weights = weights, .head = o.head, .data = o.data, .says = said.card, .card = o.card}, o.train, o.common);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Trains ResNet18, or loads a float checkpoint, and evaluates it.", "train_or_load"};
  Options options;
  add_options(app, options);
  return apps::run_app(app, argc, argv, options.common, [&] { train_or_load(app, options); });
}
