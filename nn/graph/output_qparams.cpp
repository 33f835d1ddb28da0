// An op on codes that has a scale of its own, or a fixed one, says it; one that keeps its input's is followed back to who does.
#include "nn/graph/output_qparams.h"

#include "nn/graph/ops.h"

namespace octet::nn {

using ops::int8::QParams;

std::optional<QParams> own_qparams(const Op& op) {
  return visit(
      []<class T>(const T& o) -> std::optional<QParams> {
        if constexpr (op::OnCodes<T> && op::says_output(T::kInfo.scale.value))
          return o.output();
        else if constexpr (op::OnCodes<T> && T::kInfo.scale.value == op::Scale::fixed)
          return T::kInfo.fixed;
        else
          return {};
      },
      op);
}

std::optional<QParams> output_qparams(const Node& node) {
  const Node* at = &node;
  while (info(at->op).takes == op::Values::codes && info(at->op).scale == op::Scale::of_input) at = at->inputs.at(0);
  return own_qparams(at->op);
}

}  // namespace octet::nn
