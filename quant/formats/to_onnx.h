// An int8 graph as an ONNX model, for other engines: what is quantized stands between a QuantizeLinear and a DequantizeLinear
// ("QDQ"), which engines turn into integer arithmetic again.
//
//   x_codes = QuantizeLinear(x)                                      uint8, the observer's scale and zero point
//   conv1   = Relu(Conv(DequantizeLinear(x_codes), DequantizeLinear(weight, int8), bias))
//
// The codes of node NAME are the value "NAME_codes", so that each can be compared with octet's. Under qnnpack the bias is an int32
// of scale s_x * s_w, dequantized; under the other engines a float; as in their arithmetic. How an engine rounds is its own: single codes
// differ by one from octet's (tests/oracle/compare.py onnx).
//
// Format: ONNX 1.8, IR version 7, operators of version 13, the first that have a scale for each channel. https://onnx.ai/onnx
// Float graphs, and layers kept in float, are written as they are; dropout is left out. PyTorch counterpart: torch.onnx.export.
#pragma once

#include <map>
#include <string>

#include "nn/graph/graph.h"

namespace octet::quant {

/// images: the shape of each input, such as [C, H, W]; how many there are is left open, as "N". One input is called "input" and one
/// result "logits"; several have the names of their nodes. metadata: what to say of where it comes from. Returns the file's bytes. Throws Error for a graph with observers, and for an adaptive pool whose windows differ in
/// size.
std::string to_onnx(const nn::Graph& graph, const std::vector<Shape>& images,
                    const std::map<std::string, std::string>& metadata = {});
/// Of a graph with one input.
inline std::string to_onnx(const nn::Graph& graph, const Shape& image, const std::map<std::string, std::string>& metadata = {}) {
  return to_onnx(graph, std::vector<Shape>{image}, metadata);
}

}  // namespace octet::quant
