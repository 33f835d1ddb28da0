// Accuracy of one or two graphs over a dataset: top-1 of each, how often they agree, and the time each took.
#pragma once

#include "loaders/batches.h"
#include "nn/graph.h"

namespace octet::apps {

/// Which of a model's outputs stands for each class of the dataset: the class itself, or its place among ImageNet's 1000 classes
/// for a model that has all of them. Throws Error when they do not fit.
std::vector<int> output_of_class(const std::vector<std::string>& dataset_classes, int64_t model_classes);

struct Score {
  int64_t right = 0;
  double seconds = 0;  // in the network
};

struct Evaluation {
  int64_t images = 0;
  int64_t agree = 0;  // images to which both graphs give the same answer
  Score first, second;
  std::vector<loaders::Skipped> skipped;  // unreadable images
  double accuracy(const Score& score) const {
    return images ? static_cast<double>(score.right) / static_cast<double>(images) : 0;
  }
};

/// second may be null.
Evaluation evaluate(const nn::Graph& first, const nn::Graph* second, const loaders::Imagenette& data,
                    const std::vector<int>& outputs, int batch_size, bool quiet);

}  // namespace octet::apps
