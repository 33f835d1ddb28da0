// Ops that work on a group of elements as a whole: softmax, layer and group norm, the mean of codes; and those that have parameters of each
// channel. One thread to a group: the CPU's own functions (ops/support/, ops/engines/), and its order of sums. Shapes have been checked and outputs allocated by the op;
// weight and bias may be undefined where the op allows it.
#pragma once

#include <array>

#include "ops/engines/engine.h"
#include "ops/engines/qparams.h"
#include "ops/support/parts.h"
#include "tensor/tensor.h"

namespace octet::ops::cuda {

/// x, y float32 [N, C, pixels]
void softmax(const Tensor& x, int64_t C, int64_t pixels, Tensor& y);
void softmax_backward(const Tensor& dy, const Tensor& y, int64_t C, int64_t pixels, Tensor& dx);
/// Codes [..., C]. exponentials: of SoftmaxRule::of_whole_numbers, by how far a code is below the largest.
void int8_softmax(const Tensor& x, int64_t C, int8::QParams input, int8::QParams output, int8::SoftmaxRule rule,
                  const std::array<uint32_t, 256>& exponentials, Tensor& y);

/// run: values in a row that share a weight, of which there are one or one for each channel.
void prelu(const Tensor& x, const Tensor& weight, int64_t run, Tensor& y);
void prelu_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, int64_t run, Tensor& dx, Tensor& dweight);

void normalize(const Tensor& x, const Parts& parts, const Tensor& weight, const Tensor& bias, float eps, Tensor& y);
/// dweight, dbias: written where they are defined.
void normalize_backward(const Tensor& dy, const Tensor& x, const Parts& parts, const Tensor& weight, float eps, Tensor& dx,
                        Tensor& dweight, Tensor& dbias);

/// Codes [N, H, W, C] or [N, C]; each `size` that follow each other in the order [N, C, H, W] are a part. eps as PyTorch has it, in
/// float64. per_part: one weight and bias for the channel of the part (instance_norm), else one for each place in it (layer_norm).
void int8_normalize(const Tensor& x, int64_t size, const Tensor& weight, const Tensor& bias, bool per_part, int8::QParams input,
                    int8::QParams output, double eps, Tensor& y);

/// Parameters [C] on the device; unlike on the CPU nobody looks whether they give finite factors.
void int8_batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                     const Tensor& running_var, float eps, int8::QParams input, int8::QParams output, bool relu, Tensor& y);

/// Codes [N, H, W, C] -> [N, C]: MeanRule::of_reals.
void int8_mean(const Tensor& x, int8::QParams qparams, Tensor& y);

}  // namespace octet::ops::cuda
