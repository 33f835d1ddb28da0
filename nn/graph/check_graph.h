// Does an int8 graph that somebody else may have written hang together? What a graph made by quant/passes/convert.h always fulfils.
#pragma once

#include "nn/graph/graph.h"

namespace octet::nn {

/// One placeholder, which comes first, and one output, which comes last and is float; each op has the number of inputs that it
/// takes; each input is quantized or float as the op wants it, with the scale and zero point that the op was made for. Throws
/// Error that names the node.
void check_graph(const Graph& graph);

}  // namespace octet::nn
