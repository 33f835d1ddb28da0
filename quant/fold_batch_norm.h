// fold_batch_norm: a batch norm behind a convolution becomes part of its weights. Source: torch/nn/utils/fusion.py,
// fuse_conv_bn_weights.
//
//   r = 1 / sqrt(running_var + eps),   weight'[k] = weight[k] * (gamma[k] * r),   bias'[k] = ((bias[k] - running_mean) * r) *
//   gamma + beta
#pragma once

#include "nn/graph.h"

namespace octet::quant {

/// Folds every BatchNorm whose input is a convolution that nobody else uses. Others stay.
void fold_batch_norm(nn::Graph& graph);

}  // namespace octet::quant
