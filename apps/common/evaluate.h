// Accuracy of one or two graphs over a dataset: top-1 of each, loss, how often they agree, what is taken for what, and the time.
#pragma once

#include <functional>

#include "apps/common/confusion.h"
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
  double loss = 0;                        // of the first graph: cross entropy, mean over the images
  Confusion confusion;                    // of the first graph
  std::vector<loaders::Skipped> skipped;  // unreadable images
  bool stopped = false;                   // before the last image
  double accuracy(const Score& score) const {
    return images ? static_cast<double>(score.right) / static_cast<double>(images) : 0;
  }
};

struct EvaluateOptions {
  int batch_size = 64, image_size = 224;
  bool quiet = false;
  float label_smoothing = 0;
  loaders::ImageCache* cache = nullptr;
  std::string label = "evaluate";   // of the progress bar
  std::function<bool()> stop = {};  // asked after every batch
};

/// second may be null.
Evaluation evaluate(const nn::Graph& first, const nn::Graph* second, const loaders::Imagenette& data,
                    const std::vector<int>& outputs, const EvaluateOptions& options);

}  // namespace octet::apps
