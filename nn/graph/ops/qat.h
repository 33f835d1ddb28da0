// A layer in quantization-aware training (QAT): its weight goes through fake quantization, and the batch norm behind it is inside.
// torch.ao.nn.qat.Conv2d, Linear; torch.ao.nn.intrinsic.qat.ConvBn2d, ConvBnReLU2d, LinearBn1d.
#pragma once

#include <optional>

#include "nn/graph/ops/batch_norm.h"
#include "nn/graph/ops/function.h"

namespace octet::nn::op {

struct Qat {
  std::shared_ptr<TensorFunction> weight_fake_quant;  // null: a layer that stays float
  std::optional<BatchNorm> batch_norm;                // its tensors are the node's "bn.weight" and so on

  /// As training computes it now: w [K, ...], rounded.
  static Tensor weight(const Qat* qat, const Tensor& w) {
    return qat && qat->weight_fake_quant ? (*qat->weight_fake_quant)(w) : w;
  }
};

}  // namespace octet::nn::op
