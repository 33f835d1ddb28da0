// fuse_relu: a relu behind a convolution or linear layer becomes part of it (ConvReLU2d, LinearReLU), so that the integer layer
// clamps once, while requantizing. A relu behind an addition stays a node here and is fused by convert, as FX does it.
// PyTorch counterpart: torch.ao.quantization.fx.fuse.
#pragma once

#include "nn/graph/graph.h"

namespace octet::nn {

/// as_fx: all except those that torch.fx leaves alone (Node::fusable).
enum class Relus { as_fx, all };

/// Fuses every relu whose input is a convolution, a linear layer or a batch norm of images that nobody else uses.
void fuse_relu(Graph& graph, Relus relus = Relus::as_fx);

}  // namespace octet::nn
