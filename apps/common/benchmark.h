// Times of models. predict --benchmark runs a model on random images and prints the line that bench/peers.sh reads.
#pragma once

#include <string>
#include <vector>

#include "nn/graph/graph.h"

namespace octet::apps {

struct InferenceBenchmark {
  double seconds = 0;
  int batch_size = 1, image_size = 224;
  int64_t channels = 3;
  bool layers = false;  // also a line per node: median time and multiply-adds per second
};

/// Prints "octet-int8 THREADS BATCH min_ms median_ms runs peak_rss_mb", or octet-float for a graph without integers; with -cuda
/// on a GPU, where x lies on the device already.
void benchmark_inference(const nn::Graph& graph, const InferenceBenchmark& options);

/// A convolution or linear layer, int8 beside float.
struct LayerTime {
  std::string layer;      // module path
  std::string algorithm;  // of int8
  double ms = 0, multiply_adds = 0;
  double share = 0;  // of the machine's measured peak; 0: not known
  std::string float_algorithm = {};
  double float_ms = 0, float_share = 0;  // 0: there is no such float layer
};

struct LayerTimes {
  std::vector<LayerTime> layers;
  double rest_ms = 0, float_rest_ms = 0;  // of all else
};

/// quantize --benchmark: the layers of one image [1, C, H, W]. Graphs of nn/graph/passes/optimize_for_inference.h, each run for so
/// many seconds. Prints the peaks that it measures.
LayerTimes time_layers(const nn::Graph& float_graph, const nn::Graph& int8_graph, const Shape& image, double seconds);
/// As a table.
void show_layer_times(const LayerTimes& times);

}  // namespace octet::apps
