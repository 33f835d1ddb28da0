// The first int8 layer recomputed by hand: the notebook's proof that the integers are what the formulas say.
//
// Plain loops, none of the int8 kernels. In order:
//   quantize the image; im2col with the zero point as padding; integer matrix product of (code - zero point); then by the
//   engine's rule: bias as int32 or float; dequantize and requantize in one multiplication or one after the other; relu as a
//   clamp at the zero point.
#pragma once

#include <optional>

#include "nn/graph/executor.h"
#include "quant/observers/qparams.h"

namespace octet::quant {

struct HandCheck {
  ops::int8::LayerRule rule = ops::int8::LayerRule::int32_bias;
  int64_t equal = 0, total = 0;  // codes
  int largest_difference = 0;
  std::vector<int> input = {}, by_hand = {}, by_layer = {};  // the first ten codes of each, in (n, c, h, w) order
};

/// image float32 [1, C, H, W], as the model gets it, or one of each of its inputs. A linear layer counts as a convolution of one pixel. Nothing when the first layer
/// is not in int8, because it was kept in float. Throws Error for a convolution with groups.
std::optional<HandCheck> verify_first_layer(const nn::Graph& int8_graph, const nn::Batch& image);

}  // namespace octet::quant
