// Training from the images to a checkpoint: model, data, Trainer, and at the end the evaluation.
#pragma once

#include "apps/common/card_options.h"
#include "apps/common/cli.h"
#include "apps/train/options.h"

namespace octet::apps {

struct TrainInput {
  std::string weights;                          // where to begin; empty: from scratch
  std::string head;                             // auto, fastai or torchvision
  DataOptions data;                             // its part train is trained on, its part val validates
  std::optional<loaders::ModelCard> says = {};  // what the file of weights says that it is for
  CardOptions card = {};
};

/// Prints fastai's table, then accuracy, confusion matrix and most confused pairs of the validation set, at the size of
/// the last epoch, which is the model's.
void train(const TrainInput& input, const TrainOptions& options, const CommonOptions& common);

}  // namespace octet::apps
