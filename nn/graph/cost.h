// What a run of a graph will cost, found before it runs from shapes alone. A file of two kilobytes may describe a convolution with a
// padding of 20,000, or 28 concatenations that each double: it is refused with a line that says what it wants.
#pragma once

#include <cstdint>

#include "nn/graph/graph.h"

namespace octet::nn {

struct Cost {
  int64_t bytes = 0;              // the most that values and buffers take together, at one time; weights not counted
  int64_t multiply_adds = 0;      // of all images; an op that multiplies nothing counts the elements that it touches
  const Node* largest = nullptr;  // where `bytes` is reached
};

/// For inputs of those shapes, one for each. Throws Error that names the node where shapes do not fit together, and for a graph of
/// nn/graph/passes/optimize_for_inference.h. Takes time linear in the number of nodes and inputs.
Cost cost_of(const Graph& graph, const std::vector<Shape>& inputs);
inline Cost cost_of(const Graph& graph, const Shape& input) { return cost_of(graph, std::vector<Shape>{input}); }

struct CostLimits {
  int64_t bytes = INT64_MAX;
  int64_t multiply_adds = INT64_MAX;  // for each image
};

/// Throws Error, one line, for a graph that wants more.
void check_cost(const Graph& graph, const std::vector<Shape>& inputs, const CostLimits& limits);
inline void check_cost(const Graph& graph, const Shape& input, const CostLimits& limits) {
  check_cost(graph, std::vector<Shape>{input}, limits);
}

}  // namespace octet::nn
