// Cross entropy of logits against class labels, with label smoothing s: the mean over n of
//   loss[n] = -sum over c of t[n, c] * log p[n, c],   p = softmax(logits),   t = (1 - s) * [c == label[n]] + s / C
//   logits [N, C], labels [N] -> one number.      Backward: dlogits = (p - t) / N
// fastai's LabelSmoothingCrossEntropy and torch.nn.functional.cross_entropy(label_smoothing=s) are both this.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace octet::ops {

struct CrossEntropyOptions {
  float label_smoothing = 0;
};

/// Sums in double. Throws Error for a label that is not a class.
float cross_entropy(const Tensor& logits, std::span<const int> labels, const CrossEntropyOptions& options = {});

Tensor cross_entropy_backward(const Tensor& logits, std::span<const int> labels, const CrossEntropyOptions& options = {});

}  // namespace octet::ops
