// What an int8 op with weights is made of, whichever it is.
#pragma once

#include "nn/graph/op.h"
#include "ops/engines/quantized_layer.h"

namespace octet::nn {

/// Null for other ops.
const ops::int8::QuantizedLayer* int8_layer(const Op& op);

}  // namespace octet::nn
