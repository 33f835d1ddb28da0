#include "nn/graph/int8_layer.h"

#include "nn/graph/ops.h"

namespace octet::nn {

const ops::int8::QuantizedLayer* int8_layer(const Op& op) {
  return visit(
      []<class T>(const T& o) -> const ops::int8::QuantizedLayer* {
        if constexpr (op::HasInt8Layer<T>)
          return &o.layer->params();
        else
          return nullptr;
      },
      op);
}

}  // namespace octet::nn
