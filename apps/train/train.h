// Training from the images to a checkpoint: model, data, Trainer, and at the end the evaluation at full size.
#pragma once

#include "apps/common/cli.h"
#include "apps/train/options.h"

namespace octet::apps {

struct TrainInput {
  std::string weights;  // where to begin; empty: from scratch
  std::string head;     // auto, fastai or torchvision
  DataOptions data;     // its part train is trained on, its part val validates
};

/// Prints fastai's table, then accuracy, confusion matrix and most confused pairs of the validation set at 224 px.
void train(const TrainInput& input, const TrainOptions& options, const CommonOptions& common);

}  // namespace octet::apps
