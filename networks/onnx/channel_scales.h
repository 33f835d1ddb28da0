// Activations with a scale for each channel, as NNCF gives them in front of depthwise convolutions. octet's activations have one scale,
// so channels are divided by theirs before a Quantize of scale 1, and multiplied by it behind the Dequantize: a batch norm that does nothing
// else. Layers take these factors into their weights' scales, where each has its own; the weights' codes stay.
//
//   codes of channel c: rne(x / s_c) + z          conv, whose output k is one channel:  weight_scale_k / s_k
//                                                 depthwise conv of these codes:        weight_scale_k * s_k
#pragma once

#include <optional>
#include <vector>

#include "nn/graph/graph.h"

namespace octet::networks::onnx {

/// What a node multiplies each channel by [C], if it does nothing else.
std::optional<Tensor> channel_factors(const nn::Node& node);

struct Layer {
  nn::Node node;
  std::vector<float> weight_scale;
};

/// The layer with a factor per channel taken into its weights and bias: `before` multiplies its input, `behind` its result. Either
/// may be missing. Returns nothing for an op without weights, and with `before` for all but a depthwise convolution, because the others
/// sum over channels.
std::optional<Layer> with_factors(const Layer& layer, const std::optional<Tensor>& before, const std::optional<Tensor>& behind);

/// Rewrites clamps and max pools that stand in front of the factors so that they may stand behind them. A bound of 0 stays, because
/// every factor keeps it; one beyond all codes goes. Returns false, with `rest` as it was, for any other bound.
bool alike_behind(std::vector<nn::Op>& rest, const Tensor& factors, int32_t zero_point);

}  // namespace octet::networks::onnx
