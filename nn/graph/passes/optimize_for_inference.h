// optimize_for_inference: a graph made fast, with the same answers: floats within rounding, codes exactly.
//
//   float: batch norm folded, relu and residual additions in the convolution before them, channels last from the first
//   convolution to the last pool (ops/conv/inference_conv2d.h). Observers and fake quantization stay where they are.
//   int8:  additions and relu6 in the convolution before them (ops/int8/follow_up.h).
// Where the CPU has AVX2, no float product is left to the BLAS then: each output is summed in one order, for every batch and number
// of threads, and its bits are the same on every such CPU (docs/determinism.md).
// For cuda, floats are folded, relus fused, and the parameters taken there; int8 as above.
// PyTorch counterpart: torch.jit.optimize_for_inference, with model.to(memory_format=torch.channels_last).
#pragma once

#include "nn/graph/graph.h"
#include "ops/conv/inference_conv2d.h"

namespace octet::nn {

using ops::FloatSums;

/// The nodes keep their names; where several became one it is the last one's, with the convolution's target. Without AVX2 the
/// graph is only folded and fused.
Graph optimize_for_inference(const Graph& graph, Device device = Device::cpu, FloatSums sums = FloatSums::fastest);

}  // namespace octet::nn
