// From a network with QuantizeLinear and DequantizeLinear to an int8 graph: a float op whose inputs are dequantized and whose result is
// quantized becomes its int8 form (nn/graph/ops/), as torch.ao.quantization.fx.convert does with observers.
//
//   dequantize -> conv2d -> relu or clip -> quantize    quantized_conv2d, and a clamp of codes where the relu is not all of it
//   dequantize -> sigmoid, silu, ... -> quantize        a table of 256 codes
//   dequantize -> max_pool2d, flatten, ... -> quantize  the same on codes; and a table, where the scale changes
//   conv2d -> relu -> max_pool2d -> quantize            as if the quantize came first: rounding keeps the order of values
// Everything else runs in float between codes, as in the file: a layer whose result is not quantized, weights that are no int8 codes
// with zero point 0. The result is within a code of what the file says in real numbers: a code is rounded once from an exact sum.
#pragma once

#include "networks/onnx/to_graph.h"
#include "ops/engines/engine.h"

namespace octet::networks::onnx {

/// engine: whose rules round. Adds a note of what stays in float.
void to_int8(Network& network, ops::int8::Engine engine);

}  // namespace octet::networks::onnx
