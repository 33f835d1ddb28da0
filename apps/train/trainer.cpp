#include "apps/train/trainer.h"

#include <cmath>
#include <filesystem>
#include <iostream>
#include <numeric>

#include "apps/common/interrupt.h"
#include "apps/common/progress.h"
#include "apps/common/show.h"
#include "apps/common/stopwatch.h"
#include "loaders/checkpoints/pth_writer.h"
#include "loaders/checkpoints/safetensors.h"
#include "loaders/images/augment.h"
#include "nn/optim/adamw.h"
#include "nn/optim/sgd.h"

namespace octet::apps {
namespace {

/// What a stream of random numbers is for: the second number of its seed.
enum class Stream : uint64_t { order, augmentation, dropout };

uint64_t seed_of(const TrainOptions& o, Stream stream, int epoch, size_t place = 0) {
  return mixed_seed(static_cast<uint64_t>(o.seed), {static_cast<uint64_t>(stream), static_cast<uint64_t>(epoch), place});
}

/// fastai's Adam (fastai/optimizer.py: Adam) is AdamW with these.
constexpr nn::AdamW::Options kFastaiAdam = {.beta1 = 0.9, .beta2 = 0.99, .eps = 1e-5};

/// Two groups, with and without weight decay, for each layer group.
std::vector<nn::ParameterGroup> groups_of(const Trainee& trainee, double weight_decay) {
  std::vector<nn::Module::State> parts[kLayerGroups];
  for (const nn::Module::State& s : trainee.module.state()) parts[trainee.layer_group(s.key)].push_back(s);
  std::vector<nn::ParameterGroup> groups;
  for (const auto& part : parts)
    for (nn::ParameterGroup& group : nn::decay_groups(part, 0, weight_decay)) groups.push_back(std::move(group));
  return groups;
}

std::unique_ptr<nn::Optimizer> make_optimizer(const Trainee& trainee, const TrainOptions& o) {
  auto groups = groups_of(trainee, o.weight_decay);
  if (o.optimizer == "sgd") return std::make_unique<nn::Sgd>(std::move(groups), nn::Sgd::Options{.momentum = Phase::kMomentum});
  return std::make_unique<nn::AdamW>(std::move(groups), kFastaiAdam);
}

bool all_finite(const nn::Module& model) {
  for (const nn::Module::State& s : model.state()) {
    const Tensor t = s.value.tensor().to(Device::cpu);
    for (int64_t i = 0; t.dtype() == DType::f32 && i < t.numel(); ++i)
      if (!std::isfinite(t.data<float>()[i])) return false;
  }
  return true;
}

std::string fixed(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

}  // namespace

Trainer::Trainer(Trainee trainee, ImageSet training, ImageSet validation, const TrainOptions& options, Conditions conditions,
                 bool quiet)
    : trainee_(std::move(trainee)),
      model_(trainee_.module),
      training_(training),
      validation_(validation),
      options_(options),
      conditions_(std::move(conditions)),
      quiet_(quiet),
      optimizer_(make_optimizer(trainee_, options)) {
  const std::string file = resume_file(options.output);
  if (options.resume)
    at_ = load_training(options.output, model_, *optimizer_, conditions_,
                        {options.epochs + options.freeze_epochs, training_.images.size()});
  else
    OCTET_CHECK(!std::filesystem::exists(file), file, ": an interrupted training of ", options.output,
                "; go on with it by --resume, or remove it");
}

void Trainer::run() {
  const InterruptGuard guard;
  if (options_.resume && at_.epoch > 0 && at_.images == 0) save_results();  // what ended the training may have come before these
  for (const Phase& phase : phases(options_)) {
    if (at_.epoch >= phase.first_epoch + phase.epochs) continue;
    begin(phase);
    while (at_.epoch < phase.first_epoch + phase.epochs) run_epoch(phase);
  }
  std::filesystem::remove(resume_file(options_.output));
}

void Trainer::begin(const Phase& phase) {
  for (nn::ParameterGroup& group : optimizer_->groups())
    for (nn::Module::State& p : group.parameters) {
      const int part = trainee_.layer_group(p.key);
      group.max_lr = phase.lr[static_cast<size_t>(part)];
      p.value.set_requires_grad(!phase.frozen || part == kLayerGroups - 1 || nn::is_free_of_decay(p));
    }
  if (at_.epoch == phase.first_epoch && at_.images == 0) at_.smooth_loss = {};
  print_table_header();
  for (const Epoch& e : at_.history)
    if (e.epoch >= phase.first_epoch) print_table_row(e);
}

void Trainer::run_epoch(const Phase& phase) {
  const Stopwatch watch;
  const double before = at_.seconds;
  const int size = size_of_epoch(options_, at_.epoch);
  trainee_.begin_epoch(at_.epoch);
  train_epoch(phase, size);
  at_.seconds = before + watch.seconds();
  if (InterruptGuard::requested()) interrupted();
  const Evaluation e = validate(size);
  if (e.stopped) interrupted();
  const auto done = static_cast<double>(at_.epoch + 1 - phase.first_epoch) / phase.epochs;
  at_.history.push_back({at_.epoch, size, phase.lr.back() * phase.lr_factor(done), at_.smooth_loss.value(), e.loss, e.accuracy(),
                         before + watch.seconds()});
  if (!std::isfinite(e.loss) || !all_finite(model_)) diverged(str("validation loss is ", e.loss));
  ++at_.epoch;
  at_.images = 0;
  at_.seconds = 0;
  save_epoch();
  print_table_row(at_.history.back());
}

std::vector<size_t> Trainer::order() const {
  std::vector<size_t> indices(training_.images.size());
  std::iota(indices.begin(), indices.end(), size_t{0});
  Generator generator(seed_of(options_, Stream::order, at_.epoch));
  for (size_t i = indices.size(); i > 1; --i) std::swap(indices[i - 1], indices[generator.below(i)]);  // Fisher and Yates
  const auto batch = static_cast<size_t>(options_.batch_size);
  if (indices.size() > batch) indices.resize(indices.size() / batch * batch);  // fastai's drop_last
  return indices;
}

void Trainer::train_epoch(const Phase& phase, int size) {
  const std::vector<size_t> indices = order();
  const size_t begin = at_.images;
  if (begin >= indices.size()) return;  // interrupted in the validation
  const auto augment = [&](const loaders::Image& image, size_t position) {
    Generator generator(seed_of(options_, Stream::augmentation, at_.epoch, begin + position));
    return loaders::random_resized_crop(image, {.size = size, .min_scale = options_.min_scale}, generator);
  };
  loaders::Batches batches(
      training_.images, {indices.begin() + static_cast<std::ptrdiff_t>(begin), indices.end()},
      {.batch_size = options_.batch_size, .transform = transform_at(size), .resize = augment, .cache = &training_.cache});
  Progress progress(str("epoch ", at_.epoch, " at ", size, " px"), static_cast<int64_t>(indices.size()), quiet_,
                    static_cast<int64_t>(begin));
  while (!InterruptGuard::requested()) {
    const auto batch = batches.next();
    if (!batch) break;
    note_skipped(batches.skipped());
    if (const bool whole = std::ssize(batch->labels) == options_.batch_size || at_.images == 0; whole) {
      const double epochs = at_.epoch - phase.first_epoch + static_cast<double>(at_.images) / static_cast<double>(indices.size());
      at_.smooth_loss.add(step(*batch, phase, epochs / phase.epochs));
    }
    at_.images = begin + batches.position();
    progress.add(std::ssize(batch->labels), "loss " + fixed(at_.smooth_loss.value()));
  }
}

void Trainer::note_skipped(const std::vector<loaders::Skipped>& skipped) {
  for (const loaders::Skipped& s : skipped)
    if (named_.insert(s.name).second) std::cerr << "note: left out: " << one_line(reason_of(s)) << "\n";
  OCTET_CHECK(std::ssize(named_) <= options_.max_bad_images, "training: ", named_.size(),
              " images cannot be read, more than --max-bad-images ", options_.max_bad_images,
              "; the last: ", reason_of(skipped.back()));
}

void Trainer::diverged(const std::string& what) const {
  fail("training: the ", what, " in epoch ", at_.epoch, " after ", at_.images, " images; ",
       at_.epoch > 0 ? str(options_.output, " keeps epoch ", at_.epoch - 1) : "nothing was saved", "; try a smaller --lr");
}

double Trainer::step(const loaders::Batch& batch, const Phase& phase, double x) {
  for (nn::ParameterGroup& group : optimizer_->groups()) group.lr = group.max_lr * phase.lr_factor(x);
  optimizer_->set_momentum(phase.momentum(x));
  model_.train();
  nn::Recording recording(nn::Recording::Purpose::backward, seed_of(options_, Stream::dropout, at_.epoch, at_.images));
  const nn::Value loss = nn::functional::cross_entropy(model_(nn::Value(batch.images.to(model_.device()))), batch.labels,
                                                       {.label_smoothing = static_cast<float>(options_.label_smoothing)});
  const double value = loss.tensor().data<float>()[0];
  if (!std::isfinite(value)) diverged(str("loss is ", value));
  optimizer_->clear_gradients();
  recording.backward(loss);
  if (options_.clip_norm > 0) nn::clip_gradients(*optimizer_, options_.clip_norm);
  optimizer_->step();
  return value;
}

loaders::ImageTransform Trainer::transform_at(int size) const {
  loaders::ImageTransform transform = trainee_.card.input;
  transform.size = size;
  transform.resize_to = transform.resize_to * size / trainee_.card.input.size;
  return transform;
}

Evaluation Trainer::validate(int size) {
  model_.eval();
  const nn::Graph graph = trainee_.evaluated();
  std::vector<int> outputs(validation_.images.classes().size());
  std::iota(outputs.begin(), outputs.end(), 0);
  return evaluate({&graph}, validation_.images, outputs,
                  {.batch_size = options_.batch_size,
                   .transform = transform_at(size),
                   .device = model_.device(),
                   .quiet = quiet_,
                   .label_smoothing = static_cast<float>(options_.label_smoothing),
                   .cache = &validation_.cache,
                   .label = "validate",
                   .stop = InterruptGuard::requested});
}

void Trainer::save_epoch() {
  save_training(options_.output, model_, *optimizer_, at_, conditions_);
  save_results();
}

void Trainer::save_results() {
  save_weights(options_.output, model_, trainee_.card);
  if (!options_.log.empty()) write_log(options_.log, at_.history);
}

void Trainer::interrupted() {
  save_training(options_.output, model_, *optimizer_, at_, conditions_);
  throw Interrupted(str("saved epoch ", at_.epoch, ", ", at_.images, " images into it, in ", resume_file(options_.output),
                        "; the same command with --resume goes on"));
}

void save_weights(const std::string& path, const nn::Module& model, const loaders::ModelCard& card) {
  StateDict state;
  for (const nn::Module::State& s : model.state()) state.add({s.key, s.value.tensor().to(Device::cpu), {}});
  if (path.ends_with(".pth"))
    loaders::save_pth(path, state, card);
  else
    loaders::save_safetensors(path, {std::move(state), {{"format", "pt"}, {loaders::kCardKey, loaders::to_json(card)}}});
}

}  // namespace octet::apps
