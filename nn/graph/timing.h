// How long each node of a graph takes, in the place where it runs: after the nodes before it, with the caches as they leave them.
#pragma once

#include <vector>

#include "nn/graph/graph.h"

namespace octet::nn {

struct NodeTime {
  const Node* node;
  Shape input, output;  // of the first input; of the first part, where a batch is run in parts
  double ms;            // of all parts of the batch together: median
  /// What the plain sum of products needs for the whole batch; 0 if the node is no convolution or linear layer.
  double multiply_adds;
  std::string algorithm;  // the one that ran, if the op has several; otherwise empty
};

/// Runs the graph on x again and again for so many seconds, at least three times, as nn/graph/runner.h does. In the order of
/// the nodes.
std::vector<NodeTime> time_nodes(const Graph& graph, const Tensor& x, double seconds);

}  // namespace octet::nn
