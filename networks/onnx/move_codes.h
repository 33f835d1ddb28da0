// A Quantize may stand before or behind what only moves values: it gives the same codes. Files have it where it is cheap for others; here
// it goes where octet's int8 ops want it.
//
//   dequantize -> max_pool2d -> conv2d               dequantize -> max_pool2d -> quantize -> dequantize -> conv2d
//   conv2d, conv2d -> cat -> quantize                conv2d -> quantize -> dequantize, the same of the other -> cat -> quantize
#pragma once

#include "nn/graph/graph.h"

namespace octet::networks::onnx {

/// Changes a graph with Quantize and Dequantize into one that computes the same.
void move_codes(nn::Graph& graph);

}  // namespace octet::networks::onnx
