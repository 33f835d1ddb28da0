// trace: runs a model once on an example and turns the recording into a Graph. PyTorch counterpart: torch.fx.symbolic_trace.
#pragma once

#include "nn/graph/graph.h"
#include "nn/module.h"

namespace octet::nn {

/// example: one input, such as [1, 3, 64, 64]; its values do not matter. The graph's parameters share the model's tensors.
Graph trace(Module& model, const Tensor& example);

}  // namespace octet::nn
