// An int8 graph as tensors and metadata, which is what one safetensors file holds; and back, to the same bits.
//
//   tensors    "<node>.weight" (int8), "<node>.weight_scale" (float32), "<node>.bias", batch norm's four, in graph order
//   metadata   "format" = "octet-int8-1", "engine", "graph": a JSON list of nodes with name, kind, target, op, inputs and
//              attributes (scale, zero_point, stride, ..., of a convolution "choices", see nn/graph/passes/tune.h), and the caller's
//              provenance ("backend", "source", ...)
// Numbers are written so that float32 values read back unchanged.
#pragma once

#include <array>
#include <map>
#include <string>

#include "nn/graph/graph.h"
#include "tensor/state_dict.h"

namespace octet::quant {

/// "format".
inline constexpr const char* kModelFormat = "octet-int8-1";
/// A node's kind, in the order of nn::NodeKind.
inline constexpr std::array<const char*, 4> kNodeKinds = {"placeholder", "call_module", "call_function", "output"};

struct SavedModel {
  StateDict tensors;
  std::map<std::string, std::string> metadata;
};

SavedModel save_graph(const nn::Graph& int8_graph, const std::map<std::string, std::string>& provenance);

/// Throws Error (naming `source`) for anything that does not describe a graph that can run.
nn::Graph load_graph(const SavedModel& model, const std::string& source);

}  // namespace octet::quant
