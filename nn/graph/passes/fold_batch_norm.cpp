// conv -> bn becomes conv: at inference a batch norm multiplies each channel by a number and adds another, and a convolution
// can do both with its weight [K, C/G, R, S] and bias [K], a linear layer with [K, C] and [K] (formula: the header). The order of
// the roundings is PyTorch's, so weights that are quantized afterwards get the same codes. PyTorch counterpart:
// fuse_conv_bn_weights and fuse_linear_bn_weights in torch/nn/utils/fusion.py.
#include "nn/graph/passes/fold_batch_norm.h"

#include <cmath>

namespace octet::nn {

void fold_into(Node& layer, const ops::BatchNormParams& bn) {
  const bool linear = is<op::Linear>(layer.op);
  Tensor weight = layer.parameter("weight").clone();  // [K, C/G, R, S] or [K, C]; the model keeps its own
  const Tensor old_bias = layer.parameter("bias");
  const int64_t K = weight.size(0), row = K > 0 ? weight.numel() / K : 0;
  for (const Tensor& t : {bn.weight, bn.bias, bn.running_mean, bn.running_var})
    OCTET_CHECK(t.shape() == Shape{K}, "fold_batch_norm: ", t.shape(), " features behind ", K, " channels of '", layer.name, "'");
  OCTET_CHECK(!old_bias.defined() || old_bias.shape() == Shape{K}, "fold_batch_norm: bias ", old_bias.shape(), " for ", K,
              " channels of '", layer.name, "'");
  Tensor bias({K});
  for (int64_t k = 0; k < K; ++k) {
    const float r = 1.0f / std::sqrt(bn.running_var.data<float>()[k] + bn.eps), g = bn.weight.data<float>()[k];
    for (int64_t i = k * row; i < (k + 1) * row; ++i) weight.data<float>()[i] *= g * r;
    const float b = (old_bias.defined() ? old_bias.data<float>()[k] : 0.0f) - bn.running_mean.data<float>()[k];
    bias.data<float>()[k] = (linear ? b * (g * r) : b * r * g) + bn.bias.data<float>()[k];
  }
  layer.parameters["weight"] = weight;
  layer.parameters["bias"] = bias;
}

Node* foldable_into(const Users& users, const Node& bn) {
  if (!is<op::BatchNorm>(bn.op)) return nullptr;
  Node* layer = bn.inputs.at(0);
  const bool can = is<op::Conv2d>(layer->op) || is<op::Linear>(layer->op);
  return can && users.only(layer) != nullptr ? layer : nullptr;
}

void fold_batch_norm(Graph& graph) {
  Users users(graph);
  for (Node& bn : graph.nodes()) {
    Node* layer = foldable_into(users, bn);
    if (layer == nullptr) continue;
    fold_into(*layer, {bn.parameter("weight"), bn.parameter("bias"), bn.parameter("running_mean"), bn.parameter("running_var"),
                       std::get<op::BatchNorm>(bn.op).eps});
    users.replace(&bn, layer);
  }
  users.erase_dropped();
}

}  // namespace octet::nn
