// All that an interrupted training needs to go on as if nothing had happened, in one file beside its output: OUTPUT.resume.
//
// A safetensors file with the model's tensors ("model/KEY") and the optimizer's ("optimizer/KEY"), and in its metadata where the
// training is, the epochs so far and the options. Random numbers need no state: each follows from the seed, the epoch and a place
// in it. Written atomically: after a crash there is the old file or the new one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "apps/train/history.h"
#include "nn/module.h"
#include "nn/optim/optimizer.h"

namespace octet::apps {

struct TrainingPosition {
  int epoch = 0;
  size_t images = 0;       // of this epoch's order, taken
  double seconds = 0;      // of this epoch, spent
  SmoothLoss smooth_loss;  // of this phase
  History history;         // the epochs that are done
};

/// How long the training is that would go on: no position lies beyond.
struct TrainingExtent {
  int epochs;
  size_t images;  // of each epoch
};

/// Names and values that a resumed training must share with the one that was begun, such as {"--lr", "0.004"}.
using Conditions = std::vector<std::pair<std::string, std::string>>;

std::string resume_file(const std::string& output);

void save_training(const std::string& output, const nn::Module& model, const nn::Optimizer& optimizer,
                   const TrainingPosition& position, const Conditions& conditions);

/// Restores model and optimizer. Throws Error when there is nothing to resume, naming every condition that differs,
/// and for numbers that no training writes.
TrainingPosition load_training(const std::string& output, nn::Module& model, nn::Optimizer& optimizer,
                               const Conditions& conditions, const TrainingExtent& extent);

}  // namespace octet::apps
