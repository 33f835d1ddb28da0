#include "apps/train/train.h"

#include <zlib.h>

#include <iomanip>
#include <iostream>
#include <numeric>

#include "apps/common/classes.h"
#include "apps/common/data.h"
#include "apps/common/open_model.h"
#include "apps/common/output_paths.h"
#include "apps/common/show.h"
#include "apps/train/history.h"
#include "apps/train/start.h"
#include "apps/train/trainer.h"
#include "loaders/files/file_lock.h"
#include "quant/qat/prepare_qat.h"

namespace octet::apps {
namespace {

/// What the trained model will be for: what its beginning is for, except that the classes are these images' and the size is the
/// last epoch's.
loaders::ModelCard card_of(const TrainInput& input, const TrainOptions& options, const nn::LoadedModel& start,
                           const std::vector<std::string>& classes) {
  Model model;
  model.classes = std::ssize(classes);
  model.channels = start.channels;
  model.card = input.says;
  if (model.card) model.card->classes.clear();
  CardOptions asked = input.card;
  asked.size = options.sizes.back();
  loaders::ModelCard card = used_card(model, asked, input.weights);
  check_images(card, model, input.weights);
  name_classes(card, classes, model.classes);
  return card;
}

/// What a resumed training must share with its beginning.
Conditions conditions_of(const TrainOptions& options, const nn::LoadedModel& start, const loaders::ModelCard& card,
                         const loaders::ImageFolder& images) {
  Conditions conditions = fixed_options(options);
  conditions.emplace_back("the network", start.form);
  uLong names = crc32(0, nullptr, 0);
  for (size_t i = 0; i < images.size(); ++i)
    names = crc32(names, reinterpret_cast<const Bytef*>(images.name(i).data()), static_cast<uInt>(images.name(i).size()));
  conditions.emplace_back("what the model is for", loaders::to_json(card));
  conditions.emplace_back("the training set", str(images.size(), " images with CRC ", names, " of their names"));
  return conditions;
}

void check_outputs(const TrainInput& input, const TrainOptions& o) {
  refuse_overwriting("--output", o.output, {input.weights, input.data.network});
  check_can_write(o.output);
  if (!o.force && !o.resume) refuse_to_replace("--output", o.output);
  if (o.log.empty()) return;
  refuse_overwriting("--log", o.log, {input.weights, input.data.network, o.output});
  check_can_write(o.log);
  check_can_write(curves_file(o.log));
  if (o.force || o.resume) return;
  refuse_to_replace("--log", o.log);
  refuse_to_replace("--log", curves_file(o.log));
}

/// The option with which other programs read what was trained: the weights of a network that a file defines.
std::string network_of(const TrainInput& input) {
  if (!input.data.network.empty()) return " --network " + input.data.network;
  return !input.weights.empty() && is_network(input.weights) ? " --network " + input.weights : "";
}

void evaluate_trained(const Trainee& trainee, ImageSet validation, const TrainOptions& o, const std::string& data, bool quiet) {
  trainee.module.eval();
  const nn::Graph graph = trainee.evaluated();
  std::vector<int> outputs(validation.images.classes().size());
  std::iota(outputs.begin(), outputs.end(), 0);
  const Evaluation e = evaluate({&graph}, validation.images, outputs,
                                {.batch_size = o.batch_size,
                                 .transform = trainee.card.input,
                                 .device = trainee.module.device(),
                                 .quiet = quiet,
                                 .cache = &validation.cache});
  show_confusion(e.confusion, validation.images.classes());
  show_accuracy(e, str(data, ", at ", trainee.card.input.size, " px"));
}

}  // namespace

void train(const TrainInput& input, const TrainOptions& options, const CommonOptions& common) {
  check_outputs(input, options);
  const loaders::FileLock lock(options.output);
  keep_freed_memory();
  const loaders::ImageFolder training_images = open_data(input.data, "train"), validation_images = open_data(input.data, "val");
  const size_t capacity = static_cast<size_t>(options.cache_mb) << 20;
  loaders::ImageCache training_cache(training_images, capacity), validation_cache(validation_images, capacity);
  const auto classes = static_cast<int64_t>(training_images.classes().size());
  const auto seed = static_cast<uint64_t>(options.seed);
  const nn::LoadedModel start = start_of_training(input, training_images.classes(), seed);
  const loaders::ModelCard card = card_of(input, options, start, training_images.classes());
  for (const std::string& note : start.notes) std::cerr << "note: " << one_line(note) << "\n";
  std::cout << start.form << ", " << classes << " classes, "
            << (input.weights.empty() ? "from scratch" : "from " + loaders::printable(input.weights))
            << (options.qat ? ", quantization-aware for " + options.backend : "") << "; " << training_images.size()
            << " images to train on, " << validation_images.size() << " to validate" << std::endl;
  const ImageSet validation{validation_images, validation_cache};
  const quant::QConfigMapping mapping = quant::get_default_qat_qconfig_mapping(options.backend);
  std::optional<nn::GraphModule> qat;
  if (options.qat) qat.emplace(quant::prepare_qat(graph_of(*start.model), mapping));
  (qat ? *qat : *start.model).to(common.compute_device());
  Trainee trainee = qat ? qat_trainee(*qat, mapping, options, layer_group_of(*start.model)) : float_trainee(*start.model);
  trainee.card = card;
  Trainer trainer(trainee, {training_images, training_cache}, validation, options,
                  conditions_of(options, start, card, training_images), common.quiet);
  trainer.run();
  const std::string network = network_of(input);
  std::cout << "wrote " << loaders::printable(options.output);
  if (options.qat)
    std::cout << "; convert it: quantize --weights " << options.output << network;
  else if (!network.empty())
    std::cout << "; programs take it with" << network;
  std::cout << "\n";
  evaluate_trained(trainee, validation, options, input.data.data + ", split val", common.quiet);
}

}  // namespace octet::apps
