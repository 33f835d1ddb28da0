#include "quant/optimize_for_inference.h"

#include "quant/fold_batch_norm.h"
#include "quant/fuse_relu.h"

namespace octet::quant {

nn::Graph optimize_for_inference(const nn::Graph& graph) {
  nn::Graph fast = graph.clone();
  fold_batch_norm(fast);
  fuse_relu(fast);
  for (nn::Node& node : fast.nodes()) {
    auto* conv = std::get_if<nn::op::Conv2d>(&node.op);
    if (conv == nullptr || conv->qat || !ops::winograd_applies(node.parameter("weight").shape(), conv->options)) continue;
    conv->winograd = std::make_shared<const ops::WinogradLayer>(node.parameter("weight"), node.parameter("bias"), conv->relu);
  }
  return fast;
}

}  // namespace octet::quant
