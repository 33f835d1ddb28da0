// What an int8 op with weights is made of, whichever it is.
#pragma once

#include "nn/graph/op.h"

namespace octet::nn {

/// Null for other ops.
inline const ops::int8::QuantizedLayer* int8_layer(const Op& op) {
  return std::visit(
      []<class T>(const T& o) -> const ops::int8::QuantizedLayer* {
        if constexpr (op::HasInt8Layer<T>)
          return &o.layer->params();
        else
          return nullptr;
      },
      op);
}

}  // namespace octet::nn
