// tune: which way each int8 convolution goes, decided by measuring (ops/int8/conv2d.h lists the ways, all with the same codes).
#pragma once

#include "nn/graph/graph.h"

namespace octet::nn {

/// A graph of quant/passes/convert.h whose convolutions prefer what was fastest for them while the whole graph ran on x, on
/// this CPU and as many threads as now. Choices for other CPUs, thread counts and shapes, made before, are kept. Takes some
/// times `seconds`.
Graph tune(const Graph& int8_graph, const Tensor& x, double seconds);

}  // namespace octet::nn
