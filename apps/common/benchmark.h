// Times of models. predict --benchmark runs a model on random images and prints the line that bench/peers.sh reads.
#pragma once

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

/// quantize --benchmark: a table of the layers, one image [1, C, H, W], int8 beside float: algorithm, time, share of the machine's
/// measured peak. Graphs of nn/graph/passes/optimize_for_inference.h, each run for so many seconds.
void show_layer_times(const nn::Graph& float_graph, const nn::Graph& int8_graph, const Shape& image, double seconds);

}  // namespace octet::apps
