// conv -> relu becomes conv with the flag relu; the same for a linear layer, and for a batch norm of images that was not folded. It
// needs a layer that only the relu reads: with another user, the value before the relu is still wanted. PyTorch counterpart:
// ConvReLU2d, LinearReLU and BNReLU2d of torch.ao.quantization.fx.fuse.
#include "nn/graph/passes/fuse_relu.h"

#include "nn/graph/ops/batch_norm.h"
#include "nn/graph/ops/conv2d.h"
#include "nn/graph/ops/linear.h"
#include "nn/graph/users.h"

namespace octet::nn {

void fuse_relu(Graph& graph, Relus relus) {
  Users users(graph);
  for (Node& relu : graph.nodes()) {
    if (!is<op::Relu>(relu.op) || (relus == Relus::as_fx && !relu.fusable)) continue;
    Node* layer = relu.inputs.at(0);
    if (users.only(layer) == nullptr) continue;
    if (auto* conv = get_if<op::Conv2d>(layer->op))
      conv->relu = true;
    else if (auto* linear = get_if<op::Linear>(layer->op); linear && !(linear->qat && linear->qat->batch_norm))
      linear->relu = true;  // PyTorch has no LinearBn1d with a relu
    else if (auto* norm = get_if<op::BatchNorm>(layer->op); norm && norm->dims == 2)
      norm->relu = true;
    else
      continue;
    users.replace(&relu, layer);
  }
  users.erase_dropped();
}

}  // namespace octet::nn
