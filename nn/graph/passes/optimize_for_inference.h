// optimize_for_inference: a graph made fast, with the same answers: floats within rounding, codes exactly.
//
//   float: batch norm folded, relu and residual additions in the convolution before them, channels last from the first
//   convolution to the last pool (ops/conv/inference_conv2d.h). Observers and fake quantization stay where they are.
//   int8:  additions in the convolution before them (ops/int8/add.h).
// For cuda, floats are folded, relus fused, and the parameters taken there; int8 as above.
// PyTorch counterpart: torch.jit.optimize_for_inference, with model.to(memory_format=torch.channels_last).
#pragma once

#include "nn/graph/graph.h"

namespace octet::nn {

/// The nodes keep their names; where several became one it is the last one's, with the convolution's target. Without AVX2 the
/// graph is only folded and fused.
Graph optimize_for_inference(const Graph& graph, Device device = Device::cpu);

}  // namespace octet::nn
