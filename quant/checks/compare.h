// compare: the int8 graph against the fake-quant graph, node by node in codes, so that a bug in either cannot hide.
//
//   local       each int8 op is fed the codes of the fake-quant graph: what differs is that op's own rounding
//   overall     the int8 graph runs by itself: differences of earlier layers have spread
// Expected of a convolution or linear layer, locally: where the engine's rule rounds its bias to int32 steps
// of input scale * weight scale, which moves the result of channel k by e[k] codes, and so about |e[k]| of the codes by one, half
// as many where relu clamps half of them:
//   e[k] = (rne(b[k] / s) - b[k] / s) * s / output scale,  s = input scale * weight scale[k],   expected = mean of |e[k]|
// Expected of an average over n codes, n even: 1/n of the sums lie exactly between two codes, and float rounding decides them.
// The rest is requantization's own rounding, of the order of 2^-24 per code. Nothing may differ by more than one code locally.
//
// Suspicious is a statistical test. At most a share p = 2 * expected + 1e-3 should differ. Of n codes a share q > p do so by
// chance with a probability of at most exp(-n KL(q, p)), KL(q, p) = q ln(q / p) + (1 - q) ln((1 - q) / (1 - p)) (Chernoff's
// bound). Below one in a million, chance is no explanation. One of 20 codes is: exp(-3).
#pragma once

#include "nn/graph/executor.h"

namespace octet::quant {

struct CodeDifference {
  int64_t codes = 0, differing = 0, largest = 0;
  double sum = 0;  // of the signed differences, int8 minus fake-quant
  double share() const { return codes ? static_cast<double>(differing) / static_cast<double>(codes) : 0; }
  double mean() const { return codes ? sum / static_cast<double>(codes) : 0; }
};

struct NodeComparison {
  std::string name, type;  // "_0_4_0_conv1", "QuantizedConvReLU2d"
  CodeDifference local, overall;
  double expected = 0;  // share of codes that should differ locally
  /// More than rounding and chance explain?
  bool suspicious() const;
};

/// Row by row, so that the values of one row only are kept. batch: float32 [N, 3, H, W], or whatever the graphs' inputs are. fake:
/// of the same prepared graph as int8.
std::vector<NodeComparison> compare(const nn::Graph& fake, const nn::Graph& int8, const nn::Batch& batch);

}  // namespace octet::quant
