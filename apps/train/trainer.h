// The training loop: epochs over shuffled, augmented batches, each followed by validation and by saving.
//
// Each step: forward in training mode, cross entropy, backward, the optimizer's step; learning rate and momentum follow the
// phase's schedule from step to step. Same seed, options, images and thread count: same bits, also when interrupted and resumed.
// Counterpart: fastai's Learner.fit.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "apps/common/evaluate.h"
#include "apps/train/trainee.h"
#include "apps/train/training_state.h"

namespace octet::apps {

/// Images of one split and their decoded copies.
struct ImageSet {
  const loaders::ImageFolder& images;
  loaders::ImageCache& cache;
};

class Trainer {
 public:
  /// What trainee, training and validation refer to must outlive the trainer. conditions: see training_state.h.
  Trainer(Trainee trainee, ImageSet training, ImageSet validation, const TrainOptions& options, Conditions conditions,
          bool quiet);

  /// Trains until the last epoch is done. Throws Interrupted after Ctrl-C, when all is saved; Error when the loss is no longer a
  /// number, which leaves the files of the last good epoch.
  void run();

 private:
  void run_epoch(const Phase& phase);
  void train_epoch(const Phase& phase, int size);
  double step(const loaders::Batch& batch, const Phase& phase, double x);
  Evaluation validate(int size);
  loaders::ImageTransform transform_at(int size) const;
  void begin(const Phase& phase);
  void save_epoch();
  /// The weights, and the log.
  void save_results();
  [[noreturn]] void interrupted();
  [[noreturn]] void diverged(const std::string& what) const;
  /// Names each unreadable image once. Throws Error when there are too many.
  void note_skipped(const std::vector<loaders::Skipped>& skipped);
  std::vector<size_t> order() const;

  Trainee trainee_;
  nn::Module& model_;  // the trainee's
  ImageSet training_, validation_;
  const TrainOptions& options_;
  Conditions conditions_;
  bool quiet_;
  std::unique_ptr<nn::Optimizer> optimizer_;
  TrainingPosition at_;
  std::set<std::string> named_;  // unreadable images, already reported
};

/// Writes the model's state_dict and what it is for, .pth or .safetensors by the name.
void save_weights(const std::string& path, const nn::Module& model, const loaders::ModelCard& card);

}  // namespace octet::apps
