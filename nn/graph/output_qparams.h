// Scale and zero point of what the nodes of an int8 graph give.
#pragma once

#include <optional>

#include "nn/graph/graph.h"

namespace octet::nn {

/// Scale and zero point of an op that chooses them itself (convolution, addition, quantize, ...); nothing for an op that keeps
/// its input's, and for a float op.
std::optional<ops::int8::QParams> own_qparams(const Op& op);

/// Scale and zero point of any quantized value; nothing for a float one.
std::optional<ops::int8::QParams> output_qparams(const Node& node);

}  // namespace octet::nn
