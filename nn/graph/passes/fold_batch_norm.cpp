// conv -> bn becomes conv: at inference a batch norm multiplies each channel by a number and adds another, and a convolution
// can do both with its weight [K, C/G, R, S] and bias [K], a linear layer with [K, C] and [K] (formula: the header). The order of
// the roundings is PyTorch's, so weights that are quantized afterwards get the same codes. PyTorch counterpart:
// fuse_conv_bn_weights and fuse_linear_bn_weights in torch/nn/utils/fusion.py.
#include "nn/graph/passes/fold_batch_norm.h"

#include "nn/graph/ops/batch_norm.h"
#include "nn/graph/ops/conv_transpose2d.h"

#include <algorithm>
#include <cmath>

namespace octet::nn {
namespace {

/// The output channel that number i of a layer's weight belongs to.
class ChannelOf {
 public:
  ChannelOf(const Node& layer, const Tensor& weight) {
    if (const auto* transposed = get_if<op::ConvTranspose2d>(layer.op)) {  // [C, K/G, R, S]
      per_group_ = weight.size(1);
      inputs_of_group_ = std::max<int64_t>(weight.size(0) / transposed->options.groups, 1);
    }
    run_ = per_group_ ? weight.size(2) * weight.size(3) : weight.numel() / std::max<int64_t>(weight.size(0), 1);
  }
  int64_t operator()(int64_t i) const {
    const int64_t slice = i / run_;
    return per_group_ ? slice / per_group_ / inputs_of_group_ * per_group_ + slice % per_group_ : slice;
  }

 private:
  int64_t per_group_ = 0, inputs_of_group_ = 1, run_;
};

/// Does torch.fx join this batch norm with the relu behind it, rather than with the transposed convolution before it?
bool belongs_to_relu(const Users& users, const Node& bn) {
  const Node* user = users.only(&bn);
  return get<op::BatchNorm>(bn.op).dims == 2 && user != nullptr && is<op::Relu>(user->op) && user->fusable;
}

}  // namespace

void fold_into(Node& layer, const ops::BatchNormParams& bn) {
  const bool linear = is<op::Linear>(layer.op);
  Tensor weight = layer.parameter("weight").clone();  // the model keeps its own
  const Tensor old_bias = layer.parameter("bias");
  const int64_t K = output_channels(layer.op, weight);
  for (const Tensor& t : {bn.weight, bn.bias, bn.running_mean, bn.running_var})
    OCTET_CHECK(t.shape() == Shape{K}, "fold_batch_norm: ", t.shape(), " features behind ", K, " channels of '", layer.name, "'");
  OCTET_CHECK(!old_bias.defined() || old_bias.shape() == Shape{K}, "fold_batch_norm: bias ", old_bias.shape(), " for ", K,
              " channels of '", layer.name, "'");
  Tensor bias({K});
  std::vector<float> factor;
  for (int64_t k = 0; k < K; ++k) {
    const float r = 1.0f / std::sqrt(bn.running_var.data<float>()[k] + bn.eps), g = bn.weight.data<float>()[k];
    factor.push_back(g * r);
    const float b = (old_bias.defined() ? old_bias.data<float>()[k] : 0.0f) - bn.running_mean.data<float>()[k];
    bias.data<float>()[k] = (linear ? b * (g * r) : b * r * g) + bn.bias.data<float>()[k];
  }
  const ChannelOf channel(layer, weight);
  for (int64_t i = 0; i < weight.numel(); ++i) weight.data<float>()[i] *= factor[static_cast<size_t>(channel(i))];
  layer.parameters["weight"] = weight;
  layer.parameters["bias"] = bias;
}

Node* foldable_into(const Users& users, const Node& bn) {
  if (!is<op::BatchNorm>(bn.op)) return nullptr;
  Node* layer = bn.inputs.at(0);
  const bool can = is<op::Conv2d>(layer->op) || is<op::Linear>(layer->op) ||
                   (is<op::ConvTranspose2d>(layer->op) && !belongs_to_relu(users, bn));
  return can && users.only(layer) != nullptr ? layer : nullptr;
}

void fold_batch_norm(Graph& graph) {
  Users users(graph);
  for (Node& bn : graph.nodes()) {
    Node* layer = foldable_into(users, bn);
    if (layer == nullptr) continue;
    fold_into(*layer, {bn.parameter("weight"), bn.parameter("bias"), bn.parameter("running_mean"), bn.parameter("running_var"),
                       get<op::BatchNorm>(bn.op).eps});
    users.replace(&bn, layer);
  }
  users.erase_dropped();
}

}  // namespace octet::nn
