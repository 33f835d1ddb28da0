// optimize_for_inference: a float graph made fast, with the same answers within rounding: batch norm folded, relu fused, and 3x3
// convolutions by Winograd (ops/winograd.h) where there are enough tiles.
// PyTorch counterpart: torch.jit.optimize_for_inference.
#pragma once

#include "nn/graph.h"

namespace octet::quant {

/// A copy; a graph without float convolutions stays as it is.
nn::Graph optimize_for_inference(const nn::Graph& graph);

}  // namespace octet::quant
