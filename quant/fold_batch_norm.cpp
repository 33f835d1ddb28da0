#include "quant/fold_batch_norm.h"

#include <cmath>

namespace octet::quant {
namespace {

void fold(nn::Node& conv, const nn::Node& bn) {
  const float eps = std::get<nn::op::BatchNorm>(bn.op).eps;
  const Tensor gamma = bn.parameter("weight"), beta = bn.parameter("bias"), mean = bn.parameter("running_mean"),
               var = bn.parameter("running_var");
  Tensor weight = conv.parameter("weight").clone();  // [K, C/G, R, S]; the model keeps its own
  const Tensor old_bias = conv.parameter("bias");
  const int64_t K = weight.size(0), row = weight.numel() / K;
  OCTET_CHECK(gamma.shape() == Shape{K}, "fold_batch_norm: '", bn.name, "' has ", gamma.shape(), " features behind ", K,
              " channels");
  Tensor bias({K});
  for (int64_t k = 0; k < K; ++k) {
    const float r = 1.0f / std::sqrt(var.data<float>()[k] + eps), g = gamma.data<float>()[k];
    for (int64_t i = k * row; i < (k + 1) * row; ++i) weight.data<float>()[i] *= g * r;
    const float b = old_bias.defined() ? old_bias.data<float>()[k] : 0.0f;
    bias.data<float>()[k] = (b - mean.data<float>()[k]) * r * g + beta.data<float>()[k];
  }
  conv.parameters["weight"] = weight;
  conv.parameters["bias"] = bias;
}

}  // namespace

void fold_batch_norm(nn::Graph& graph) {
  for (auto it = graph.nodes().begin(); it != graph.nodes().end();) {
    nn::Node& bn = *it++;
    if (!nn::is<nn::op::BatchNorm>(bn.op)) continue;
    nn::Node* conv = bn.inputs.at(0);
    if (!nn::is<nn::op::Conv2d>(conv->op) || graph.users(conv).size() != 1) continue;
    fold(*conv, bn);
    graph.replace_uses(&bn, conv);
    graph.erase(&bn);
  }
}

}  // namespace octet::quant
