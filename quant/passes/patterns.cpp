#include "quant/passes/patterns.h"

#include "nn/graph/ops.h"

namespace octet::quant {

bool has_int8_form(const nn::Op& op) {
  return nn::visit(
      []<class T>(const T& o) {
        if constexpr (requires { o.has_int8_form(); })
          return o.has_int8_form();
        else
          return nn::op::Quantizable<T>;
      },
      op);
}

}  // namespace octet::quant
