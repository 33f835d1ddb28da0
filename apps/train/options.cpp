#include "apps/train/options.h"

#include <CLI/CLI.hpp>

#include "apps/common/cli.h"
#include "quant/qconfig/qconfig_mapping.h"
#include "tensor/error.h"

namespace octet::apps {
namespace {

constexpr int kPooledBy = 32;  // ResNet18 halves an image five times
constexpr int kLargestSize = 1024;

CLI::Validator image_size() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        int value = 0;
        const bool fits =
            CLI::detail::lexical_cast(text, value) && value >= kPooledBy && value <= kLargestSize && value % kPooledBy == 0;
        return fits ? ""
                    : str("'", text, "': expected multiples of ", kPooledBy, " from ", kPooledBy, " to ", kLargestSize,
                          ", which the network can halve five times");
      },
      "PX");
}

CLI::Validator checkpoint_name() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        return text.ends_with(".pth") || text.ends_with(".safetensors")
                   ? ""
                   : "'" + text + "': expected a name in .pth or .safetensors";
      },
      "FILE");
}

}  // namespace

void add_train_options(CLI::App& app, TrainOptions& o) {
  const auto add = [&](const char* name, auto& value, const char* text) {
    return app.add_option(name, value, text)->capture_default_str()->group("Training");
  };
  add("--epochs", o.epochs, "Train all layers for this many epochs; from --weights, or from scratch without them")
      ->check(CLI::Range(0, 10'000));
  add("--freeze-epochs", o.freeze_epochs, "Before that, train only the head, as fastai's fine_tune")
      ->check(CLI::Range(0, 10'000));
  add("--lr", o.lr, "Largest learning rate [0.002; with --qat 0.0002]")->check(number(0, 100, Low::excluded));
  add("--size", o.sizes,
      "Side of the images [128, or that of --weights]; to train, several for progressive sizes: 96,128,160; the model is for the "
      "last")
      ->delimiter(',')
      ->check(image_size());
  add("--optimizer", o.optimizer, "adamw or sgd")->check(CLI::IsMember({"adamw", "sgd"}));
  add("--schedule", o.schedule, "one-cycle or constant")->check(CLI::IsMember({"one-cycle", "constant"}));
  add("--weight-decay", o.weight_decay, "Not applied to batch norm and biases")->check(number(0, 10));
  add("--label-smoothing", o.label_smoothing, "Share of the target spread over all classes")->check(number(0, 0.99));
  add("--clip-norm", o.clip_norm, "Largest norm of all gradients together; 0: no limit")->check(number(0, 1e6));
  add("--min-scale", o.min_scale, "Smallest part of an image that a random crop shows")->check(number(0, 1, Low::excluded));
  add("--seed", o.seed, "For initialisation, order, augmentation and dropout")->check(CLI::Range(int64_t{0}, int64_t{1} << 52));
  add("--output", o.output, "Where the trained weights go after every epoch, .pth or .safetensors")->check(checkpoint_name());
  add("--log", o.log, "A .csv of the epochs; their curves go beside it as .svg")->check(not_empty());
  app.add_flag("--force", o.force, "Replace an --output that octet has not written")->group("Training");
  app.add_flag("--resume", o.resume, "Go on with the interrupted training of --output")->group("Training");
  app.add_flag("--qat", o.qat, "Quantization-aware: train with fake quantization, for quantize to convert")->group("Training");
  add("--backend", o.backend, "With --qat: the codes that are trained for")->check(CLI::IsMember(quant::backend_names()));
  add("--num-observer-update-epochs", o.num_observer_update_epochs, "With --qat: then scales stay as they are")
      ->check(CLI::Range(1, 10'000));
  add("--num-batch-norm-update-epochs", o.num_batch_norm_update_epochs, "With --qat: then batch norm's statistics stay")
      ->check(CLI::Range(0, 10'000));
  add("--cache-mb", o.cache_mb, "Memory for the decoded images of each split")->check(CLI::Range(int64_t{0}, int64_t{1} << 30));
  add("--max-bad-images", o.max_bad_images, "Unreadable images that may be left out before training stops")->check(image_count());
}

std::vector<Phase> phases(const TrainOptions& o) {
  const bool constant = o.schedule == "constant";
  const double lr = o.learning_rate();
  if (o.freeze_epochs == 0) return {{0, o.epochs, false, {lr, lr, lr}, constant, {}}};
  std::vector<Phase> plan = {{0, o.freeze_epochs, true, {lr / 10, lr / 10, lr}, constant, {.pct_start = 0.99}}};
  const double half = lr / 2;
  if (o.epochs > 0)
    plan.push_back({o.freeze_epochs, o.epochs, false, {half / 100, half / 10, half}, constant, {.pct_start = 0.3, .div = 5}});
  return plan;
}

int size_of_epoch(const TrainOptions& o, int epoch) {
  const auto index = static_cast<size_t>(epoch) * o.sizes.size() / static_cast<size_t>(o.epochs + o.freeze_epochs);
  return o.sizes.at(index);
}

std::vector<std::pair<std::string, std::string>> fixed_options(const TrainOptions& o) {
  std::string sizes;
  for (int size : o.sizes) sizes += str(sizes.empty() ? "" : ",", size);
  return {{"--epochs", str(o.epochs)},
          {"--freeze-epochs", str(o.freeze_epochs)},
          {"--lr", str(o.learning_rate())},
          {"--size", sizes},
          {"--batch-size", str(o.batch_size)},
          {"--seed", str(o.seed)},
          {"--optimizer", o.optimizer},
          {"--schedule", o.schedule},
          {"--weight-decay", str(o.weight_decay)},
          {"--label-smoothing", str(o.label_smoothing)},
          {"--clip-norm", str(o.clip_norm)},
          {"--min-scale", str(o.min_scale)},
          {"--qat", o.qat ? str(o.backend, ", ", o.num_observer_update_epochs, ", ", o.num_batch_norm_update_epochs) : "off"}};
}

}  // namespace octet::apps
