// The layer whose rows are a network's outputs, found in the graph: what a new head replaces, and what says how many classes there
// are. PyTorch counterpart: model.fc = torch.nn.Linear(512, classes).
#pragma once

#include "nn/graph/graph.h"
#include "tensor/random.h"

namespace octet::nn {

/// The last linear layer or convolution, float or int8, if the network's outputs are its output channels: nothing behind it has
/// two inputs, or makes one row of several pixels. Null in any other network.
Node* classifier_of(Graph& graph);
const Node* classifier_of(const Graph& graph);

/// Output channels of a layer with weights, and those of a network's classifier: 0 where it has none.
int64_t outputs_of(const Node& layer);
int64_t outputs_of(const Graph& graph);

/// Gives the classifier that many outputs: weight and bias of zeros, to be loaded. Throws Error for a graph without one.
void resize_classifier(Graph& graph, int64_t outputs);

/// The same with random weights, as torch.nn.Linear and torch.nn.Conv2d begin: uniform within 1 / sqrt(inputs of one output).
void renew_classifier(Graph& graph, int64_t outputs, Generator& generator);

}  // namespace octet::nn
