// The model that a training begins with: a random one, or a checkpoint's, with a new head where its classes are not the data's.
//
//   classes of the checkpoint      of the data        head
//   10, without names              10                 the checkpoint's: its order is taken for the data's
//   named                          the same names     the checkpoint's, its outputs in the order of the data's classes
//   any other                                         new: of the form that --head says
// PyTorch counterparts: model.fc = nn.Linear(512, classes); fastai's vision_learner(dls, resnet18).fine_tune(epochs).
#pragma once

#include <string>
#include <vector>

#include "apps/train/train.h"
#include "nn/models/from_checkpoint.h"

namespace octet::apps {

/// classes: names of the data's. Throws Error naming the checkpoint.
nn::LoadedModel start_of_training(const TrainInput& input, const std::vector<std::string>& classes, uint64_t seed);

/// Which output of a model with these names stands for each class of the data; empty when they are not the same classes.
/// Imagenette's folders (n01440764) are known by both names.
std::vector<int64_t> matching_outputs(const std::vector<std::string>& model_names, const std::vector<std::string>& classes);

}  // namespace octet::apps
