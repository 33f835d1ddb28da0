// From an ONNX model to a graph: the one that nn::trace would make of the same network written in C++, under the names that torch.fx
// would give (networks/onnx/names.h).
//
// Operators that octet lacks, and options that it does not have, are all named in one Error. A Softmax of classes at the end is
// left out: octet's programs take logits. Of an int8 file the graph has float ops with Quantize and Dequantize between them;
// networks/onnx/to_int8.h goes on from there. Not here: control flow.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "networks/onnx/model.h"
#include "nn/graph/graph.h"

namespace octet::networks::onnx {

struct Network {
  nn::Graph graph;
  int64_t size = 0;      // side of its images; 0: any, or not square
  int64_t channels = 0;  // of its images; 0: the file does not say
  std::vector<std::string> notes = {};
  std::map<const nn::Node*, std::vector<float>> weight_scales =
      {};                 // of layers whose weights were codes: one, or one for each channel
  bool by_octet = false;  // quant/formats/to_onnx.h wrote the file
};

/// Throws Error, one line that begins with the file's name; also for parameters with NaN or infinity.
Network to_graph(const Model& model);

}  // namespace octet::networks::onnx
