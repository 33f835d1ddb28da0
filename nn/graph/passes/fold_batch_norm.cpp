// conv -> bn becomes conv: at inference a batch norm multiplies each channel by a number and adds another, and a convolution
// can do both with its weight [K, C/G, R, S] and bias [K] (formula: the header). The order of the roundings is PyTorch's, so
// weights that are quantized afterwards get the same codes. PyTorch counterpart: fuse_conv_bn_weights in
// torch/nn/utils/fusion.py.
#include "nn/graph/passes/fold_batch_norm.h"

#include <cmath>

namespace octet::nn {

void fold_into(Node& conv, const ops::BatchNormParams& bn) {
  Tensor weight = conv.parameter("weight").clone();  // [K, C/G, R, S]; the model keeps its own
  const Tensor old_bias = conv.parameter("bias");
  const int64_t K = weight.size(0), row = weight.numel() / K;
  OCTET_CHECK(bn.weight.shape() == Shape{K}, "fold_batch_norm: ", bn.weight.shape(), " features behind ", K, " channels of '",
              conv.name, "'");
  Tensor bias({K});
  for (int64_t k = 0; k < K; ++k) {
    const float r = 1.0f / std::sqrt(bn.running_var.data<float>()[k] + bn.eps), g = bn.weight.data<float>()[k];
    for (int64_t i = k * row; i < (k + 1) * row; ++i) weight.data<float>()[i] *= g * r;
    const float b = old_bias.defined() ? old_bias.data<float>()[k] : 0.0f;
    bias.data<float>()[k] = (b - bn.running_mean.data<float>()[k]) * r * g + bn.bias.data<float>()[k];
  }
  conv.parameters["weight"] = weight;
  conv.parameters["bias"] = bias;
}

Node* foldable_into(Graph& graph, const Node& bn) {
  if (!is<op::BatchNorm>(bn.op)) return nullptr;
  Node* conv = bn.inputs.at(0);
  return is<op::Conv2d>(conv->op) && graph.users(conv).size() == 1 ? conv : nullptr;
}

void fold_batch_norm(Graph& graph) {
  for (auto it = graph.nodes().begin(); it != graph.nodes().end();) {
    Node& bn = *it++;
    Node* conv = foldable_into(graph, bn);
    if (conv == nullptr) continue;
    fold_into(*conv, {bn.parameter("weight"), bn.parameter("bias"), bn.parameter("running_mean"), bn.parameter("running_var"),
                      std::get<op::BatchNorm>(bn.op).eps});
    graph.replace_uses(&bn, conv);
    graph.erase(&bn);
  }
}

}  // namespace octet::nn
