// The run of a graph from a file, as predict runs it, within limits that a fuzzer can afford.
#pragma once

#include "nn/graph/cost.h"
#include "nn/graph/executor.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "tests/fuzz/fuzz.h"

namespace octet::fuzz {

inline void run_graph(const nn::Graph& graph, const Shape& input) {
  nn::check_cost(graph, input, {.bytes = 256 << 20, .multiply_adds = 100'000'000});
  const Tensor x = Tensor::full(input, 0.5f);
  nn::run(graph, x);
  nn::run(nn::optimize_for_inference(graph), x);
}

}  // namespace octet::fuzz
