// What a graph gives to each of its observers, or of what stands in their place, by the observer's name.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include "nn/graph/executor.h"

namespace octet::quant {

/// Inputs [N, ...] -> those of row i, [1, ...].
nn::Batch row_of(const nn::Batch& batch, int64_t i);

using ObservedValues = std::unordered_map<std::string, Tensor>;

/// A prepared graph with the identity in the place of each observer, under its name: it runs without anybody learning from it.
nn::Graph without_observers(const nn::Graph& prepared);

/// is_observer: of a node of the graph.
ObservedValues observed_values(const nn::Graph& graph, const nn::Batch& batch,
                               const std::function<bool(const nn::Node&)>& is_observer);

}  // namespace octet::quant
