#include "apps/train/train.h"

#include <zlib.h>

#include <iomanip>
#include <iostream>

#include "apps/common/data.h"
#include "apps/common/output_paths.h"
#include "apps/common/show.h"
#include "apps/train/history.h"
#include "apps/train/start.h"
#include "apps/train/trainer.h"
#include "loaders/files/file_lock.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "nn/trace.h"
#include "quant/qat/prepare_qat.h"

namespace octet::apps {
namespace {

/// What a resumed training must share with its beginning.
Conditions conditions_of(const TrainOptions& options, const nn::LoadedModel& start, const loaders::ImageFolder& images) {
  Conditions conditions = fixed_options(options);
  conditions.emplace_back("the network", start.form);
  uLong names = crc32(0, nullptr, 0);
  for (size_t i = 0; i < images.size(); ++i)
    names = crc32(names, reinterpret_cast<const Bytef*>(images.name(i).data()), static_cast<uInt>(images.name(i).size()));
  conditions.emplace_back("the training set", str(images.size(), " images with CRC ", names, " of their names"));
  return conditions;
}

void check_outputs(const TrainInput& input, const TrainOptions& o) {
  refuse_overwriting("--output", o.output, {input.weights});
  check_can_write(o.output);
  if (o.log.empty()) return;
  refuse_overwriting("--log", o.log, {input.weights, o.output});
  check_can_write(o.log);
  check_can_write(curves_file(o.log));
}

void evaluate_trained(const Trainee& trainee, ImageSet validation, int64_t classes, const TrainOptions& o,
                      const std::string& data, bool quiet) {
  trainee.module.eval();
  const nn::Graph graph = nn::optimize_for_inference(trainee.evaluated(), trainee.module.device());
  const Evaluation e = evaluate({&graph}, validation.images, output_of_class(validation.images.classes(), classes),
                                {.batch_size = o.batch_size, .quiet = quiet, .cache = &validation.cache});
  show_confusion(e.confusion, validation.images.classes());
  show_accuracy(e, data);
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
  for (const std::string& note : start.notes) std::cerr << "note: " << note << "\n";
  std::cout << start.form << ", " << classes << " classes, " << (input.weights.empty() ? "from scratch" : "from " + input.weights)
            << (options.qat ? ", quantization-aware for " + options.backend : "") << "; " << training_images.size()
            << " images to train on, " << validation_images.size() << " to validate" << std::endl;
  const ImageSet validation{validation_images, validation_cache};
  const quant::QConfigMapping mapping = quant::get_default_qat_qconfig_mapping(options.backend);
  std::optional<nn::GraphModule> qat;
  if (options.qat) qat.emplace(quant::prepare_qat(nn::trace(*start.model, Tensor::zeros({1, start.channels, 64, 64})), mapping));
  (qat ? *qat : *start.model).to(common.compute_device());
  const Trainee trainee = qat ? qat_trainee(*qat, mapping, options) : float_trainee(*start.model);
  Trainer trainer(trainee, {training_images, training_cache}, validation, options, conditions_of(options, start, training_images),
                  common.quiet);
  trainer.run();
  std::cout << "wrote " << options.output << (options.qat ? "; convert it: quantize --weights " + options.output : "") << "\n";
  evaluate_trained(trainee, validation, classes, options, input.data.data + ", split val", common.quiet);
}

}  // namespace octet::apps
