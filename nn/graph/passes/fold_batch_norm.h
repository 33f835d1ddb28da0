// fold_batch_norm: a batch norm behind a convolution or a linear layer becomes part of its weights. Source:
// torch/nn/utils/fusion.py, fuse_conv_bn_weights and fuse_linear_bn_weights, which round the bias in another order.
//
//   r[k]       = 1 / sqrt(running_var[k] + eps)
//   weight'[k] = weight[k] * (gamma[k] * r[k])
//   bias'[k]   = ((bias[k] - running_mean[k]) * r[k]) * gamma[k] + beta[k]      of a convolution
//              = (bias[k] - running_mean[k]) * (gamma[k] * r[k]) + beta[k]      of a linear layer
// k is the output channel: dimension 1 of a transposed convolution's weight. Such a layer's batch norm stays where it is when a relu
// follows, because torch.fx joins these two instead.
#pragma once

#include "nn/graph/users.h"
#include "ops/batch_norm.h"

namespace octet::nn {

/// The convolution or linear layer into which a node can be folded, or null: it must be a batch norm, and the only user of one.
Node* foldable_into(const Users& users, const Node& bn);

/// Changes the layer's weight and bias; the tensors that it had are left alone.
void fold_into(Node& layer, const ops::BatchNormParams& bn);

/// Folds every BatchNorm whose input is such a layer that nobody else uses. Others stay.
void fold_batch_norm(Graph& graph);

}  // namespace octet::nn
