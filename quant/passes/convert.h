// convert: from an observed float graph to one that computes with integers. PyTorch counterpart: convert_fx.
//
//   x -> quantize_per_tensor -> int8 layers ... -> dequantize -> logits
// A call with an int8 form becomes its quantized op with the scale of its observer; a call without one (AdaptiveMaxPool2d,
// BatchNorm1d) stays float between a dequantize and a quantize, exactly where FX puts them, under FX's node names.
// (The lesson is quant/passes/passes.md.)
#pragma once

#include <functional>

#include "nn/graph/graph.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace octet::quant {

using nn::op::LayerWeights;

/// Weights quantized as the mapping says.
LayerWeights quantized_weights(const nn::Node& layer, const QConfigMapping& mapping);

/// Where the numbers come from: observers that were calibrated, or a file (quant/formats/from_pytorch.h).
struct ConversionSource {
  /// qparams of the value that this observer node observes.
  std::function<QParams(const nn::Node& observer)> activation;
  std::function<LayerWeights(const nn::Node& layer)> weights;
  Engine engine = Engine::qnnpack;
};

nn::Graph convert(const nn::Graph& prepared, const ConversionSource& source);

/// From calibrated observers; weights are quantized as the mapping says.
nn::Graph convert(const nn::Graph& prepared, const QConfigMapping& mapping);

}  // namespace octet::quant
