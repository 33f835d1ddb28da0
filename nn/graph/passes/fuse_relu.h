// fuse_relu: a relu behind a convolution or linear layer becomes part of it (ConvReLU2d, LinearReLU), so that the integer layer
// clamps once, while requantizing. A relu behind an addition stays a node here and is fused by convert, as FX does it.
// PyTorch counterpart: torch.ao.quantization.fx.fuse.
#pragma once

#include "nn/graph/graph.h"

namespace octet::nn {

/// Fuses every relu whose input is a convolution or linear layer that nobody else uses.
void fuse_relu(Graph& graph);

}  // namespace octet::nn
