// What `train_or_load --epochs N` can be told, and what follows from it: the phases of a training and the size of each epoch.
//
// Without --freeze-epochs: fastai's fit_one_cycle(epochs, lr). With them, fastai's fine_tune: the head alone first (batch norm of
// the body trains along), then all layers at half the rate, the stem and the first two stages at a hundredth of the head's, the
// others at a tenth. Sources: fastai/callback/schedule.py, fastai/learner.py.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "nn/optim/schedule.h"

namespace CLI {
class App;
}

namespace octet::apps {

struct TrainOptions {
  int epochs = 0, freeze_epochs = 0;
  std::optional<double> lr;  // learning_rate()
  std::vector<int> sizes = {128};
  int batch_size = 64;
  int64_t seed = 0;
  std::string optimizer = "adamw", schedule = "one-cycle";
  double weight_decay = 0.01, label_smoothing = 0, clip_norm = 0, min_scale = 0.35;
  int64_t cache_mb = 4096, max_bad_images = 0;
  std::string output = "resnet18.pth", log;
  bool resume = false, force = false;
  bool qat = false;  // quantization-aware
  std::string backend = "qnnpack";
  int num_observer_update_epochs = 4, num_batch_norm_update_epochs = 3;

  /// Fine-tuning under fake quantization wants a tenth.
  double learning_rate() const { return lr.value_or(qat ? 2e-4 : 2e-3); }
  bool trains() const { return epochs + freeze_epochs > 0; }
};

void add_train_options(CLI::App& app, TrainOptions& options);

/// nn/models/resnet.h: layer_group.
inline constexpr int kLayerGroups = 3;

struct Phase {
  int first_epoch, epochs;
  bool frozen;                          // only the head and batch norm train
  std::array<double, kLayerGroups> lr;  // the largest, of each layer group
  bool constant;                        // the learning rate, and the momentum at kMomentum
  nn::OneCycle cycle;

  static constexpr double kMomentum = 0.9;
  /// x: how much of the phase is done, from 0 to 1.
  double lr_factor(double x) const { return constant ? 1 : cycle.lr_factor(x); }
  double momentum(double x) const { return constant ? kMomentum : cycle.momentum(x); }
};

std::vector<Phase> phases(const TrainOptions& options);

/// Progressive sizes: each has an equal share of the epochs.
int size_of_epoch(const TrainOptions& options, int epoch);

/// The options on which the weights depend, as a resumed training must repeat them: name on the command line and value.
std::vector<std::pair<std::string, std::string>> fixed_options(const TrainOptions& options);

}  // namespace octet::apps
