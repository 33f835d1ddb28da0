// From the program of a .pt2 file to a graph: the one that nn::trace would make of the same network written in C++, under the names
// that torch.fx would give.
//
//   conv2d of module features.0   -> node features_0, a call_module          add in the forward of layer1.0 -> node add, scope layer1.0
// Operations that octet lacks, and options that it does not have, are all named in one Error.
// Not here: several inputs or outputs, control flow. PyTorch counterpart: torch.fx.symbolic_trace of the module that was exported.
#pragma once

#include "networks/pt2/program.h"
#include "nn/graph/graph.h"

namespace octet::networks {

/// Throws Error, one line that begins with the file's name.
nn::Graph to_graph(const Program& program);

}  // namespace octet::networks
