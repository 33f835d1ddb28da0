// Scale and zero point of what the nodes of an int8 graph give.
#pragma once

#include <optional>

#include "nn/graph/graph.h"

namespace octet::nn {

/// Of an op that chooses them itself (convolution, addition, quantize, ...); nothing for one that keeps its input's, and for
/// float.
std::optional<ops::int8::QParams> own_qparams(const Op& op);

/// Of any quantized value; nothing for a float one.
std::optional<ops::int8::QParams> output_qparams(const Node& node);

}  // namespace octet::nn
