// Classes by their names: what an output of a model is called, and which output stands for a class of a dataset.
#pragma once

#include <string>
#include <vector>

#include "loaders/checkpoints/model_card.h"

namespace octet::apps {

/// "tench", or "class 0" where the card has no names. As it is: print it through loaders::printable.
std::string class_name(const std::vector<std::string>& classes, size_t index);

/// Which of a model's outputs stands for each class of the dataset: the one of that name where the model has names; the class
/// itself where it has none and as many classes; its place among ImageNet's 1000 for a model that has all of them. Throws Error
/// when they do not fit.
std::vector<int> output_of_class(const std::vector<std::string>& dataset_classes, const loaders::ModelCard& card,
                                 int64_t model_classes);

/// The dataset's names for the outputs of a model that has none of its own, if it has as many.
void name_classes(loaders::ModelCard& card, const std::vector<std::string>& dataset_classes, int64_t model_classes);

}  // namespace octet::apps
