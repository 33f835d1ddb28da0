// Accuracy of graphs over a dataset: top-1 of each, the first one's loss and confusions, how often the others agree with it, and
// the time each took.
//
// Several graphs take turns on blocks of decoded images, so that the weights of one of them only are in memory twice: as they were
// given and as its kernels read them, which may be four to eight times as much (ops/conv/winograd.h).
#pragma once

#include <functional>

#include "apps/common/confusion.h"
#include "loaders/datasets/batches.h"
#include "nn/graph/graph.h"

namespace octet::apps {

struct Score {
  int64_t right = 0;
  int64_t agree = 0;   // answers that are the first graph's
  double seconds = 0;  // in the network
  std::vector<int64_t> right_of_class = {};
};

/// An image to which the last graph gives another answer than the first.
struct ChangedAnswer {
  std::string image;  // its name in the dataset
  int label;          // index into the dataset's classes
  int first, last;    // outputs of the model
};

struct Evaluation {
  int64_t images = 0;
  std::vector<int64_t> images_of_class = {};
  std::vector<Score> scores;              // one per graph
  double loss = 0;                        // of the first graph: cross entropy, mean over the images
  Confusion confusion;                    // of the first graph
  std::vector<ChangedAnswer> changed;     // in the order of the images
  std::vector<loaders::Skipped> skipped;  // unreadable images
  bool stopped = false;                   // before the last image
  double share(int64_t count) const { return images ? static_cast<double>(count) / static_cast<double>(images) : 0; }
  double accuracy(size_t graph = 0) const { return share(scores.at(graph).right); }
};

struct EvaluateOptions {
  int batch_size = 64;
  loaders::ImageTransform transform = {};
  Device device = Device::cpu;
  bool quiet = false;
  float label_smoothing = 0;
  loaders::ImageCache* cache = nullptr;
  /// Bytes of decoded images that wait until each of several graphs has seen them: 640 images of 224 px.
  size_t most_waiting = size_t{96} << 20;
  std::string label = "evaluate";   // of the progress bar
  std::function<bool()> stop = {};  // asked after every batch; of several graphs, after every block
};

/// At least one graph; each is run as nn/graph/passes/optimize_for_inference.h makes it. outputs: which output stands for each
/// class (apps/common/classes.h).
Evaluation evaluate(const std::vector<const nn::Graph*>& graphs, const loaders::ImageFolder& data,
                    const std::vector<int>& outputs, const EvaluateOptions& options);

}  // namespace octet::apps
