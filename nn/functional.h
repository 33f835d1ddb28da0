// The float ops as models call them: each runs its function of ops/ and, while a Recording is alive, records the call.
//
// Recorded for backward, each also says how to go back. Functions whose name ends in _ may then overwrite their first argument,
// as torch's do; without a recording they leave it alone. PyTorch counterpart: torch.nn.functional.
#pragma once

#include <span>

#include "nn/graph/ops/affine.h"
#include "nn/graph/ops/batch_norm.h"
#include "nn/graph/ops/group_norm.h"
#include "nn/graph/ops/layer_norm.h"
#include "nn/recording.h"
#include "ops/cross_entropy.h"
#include "ops/interpolate.h"
#include "ops/options.h"
#include "ops/pad.h"

namespace octet::nn {

/// How a layer that differs between the two behaves: batch norm and dropout. torch.nn.Module.training.
enum class Mode { eval, train };

namespace functional {

/// bias may be undefined here and below.
Value conv2d(const Value& x, const Value& weight, const Value& bias, const ops::Conv2dOptions& options);
Value conv_transpose2d(const Value& x, const Value& weight, const Value& bias, const ops::ConvTranspose2dOptions& options);
Value linear(const Value& x, const Value& weight, const Value& bias);

struct BatchNormValues {
  Value weight, bias, running_mean, running_var;
};
/// In train mode: by the batch's statistics, which the running ones then follow. In eval mode the running ones are constants.
Value batch_norm(const Value& x, const BatchNormValues& values, const op::BatchNorm& options, Mode mode = Mode::eval);

Value relu(const Value& x);
Value relu_(const Value& x);
Value relu6(const Value& x);
Value sigmoid(const Value& x);
Value tanh(const Value& x);
Value hardsigmoid(const Value& x);
Value hardswish(const Value& x);
Value silu(const Value& x);
Value gelu(const Value& x, bool by_tanh = false);
Value hardtanh(const Value& x, float low, float high);
Value leaky_relu(const Value& x, float negative_slope);
Value elu(const Value& x, float alpha = 1);
/// weight: one number, or one for each channel.
Value prelu(const Value& x, const Value& weight);
/// Over channels.
Value softmax(const Value& x);
/// weight and bias may be undefined in both (ops/layer_norm.h).
Value layer_norm(const Value& x, const Value& weight, const Value& bias, const op::LayerNorm& options);
Value group_norm(const Value& x, const Value& weight, const Value& bias, const op::GroupNorm& options);
/// x and a constant, one number or one for each channel, which gets no gradient.
Value affine(const Value& x, const Tensor& constant, const op::Affine& options);
Value interpolate(const Value& x, const ops::InterpolateOptions& options);
Value pad(const Value& x, const ops::PadOptions& options);
Value max_pool2d(const Value& x, const ops::MaxPool2dOptions& options);
Value avg_pool2d(const Value& x, const ops::AvgPool2dOptions& options);
Value adaptive_avg_pool2d(const Value& x, ops::Size2 output);
Value adaptive_max_pool2d(const Value& x, ops::Size2 output);
/// In train mode and recorded for backward it drops values by the recording's random numbers, else it is the identity.
Value dropout(const Value& x, float p, Mode mode = Mode::eval);
/// [N, C, H, W] -> [N, C*H*W]. torch.flatten(x, 1).
Value flatten(const Value& x);
/// The same under the name that x.view(x.size(0), -1) gets in a traced graph, which is what fastai's Flatten calls.
Value view(const Value& x);
/// [N, channels..., H, W] under other channels, and with their dimensions in another order: ops/channel_order.h.
Value view_channels(const Value& x, const std::vector<int64_t>& channels);
Value permute_channels(const Value& x, const std::vector<int64_t>& dims);
/// x[:, begin:end]
Value slice_channels(const Value& x, int64_t begin, int64_t end);
/// [N, C, H, W] -> [N, C], or [N, C, 1, 1] with keepdim. torch.mean(x, [2, 3]).
Value mean(const Value& x, bool keepdim);
Value add(const Value& a, const Value& b);
Value add_(const Value& a, const Value& b);
/// a * b of equal shapes, or one of them a gate [N, C, 1, 1].
Value mul(const Value& a, const Value& b);
/// Along dimension 1.
Value cat(std::span<const Value> parts);

// What quantization-aware training adds (functional_qat.cpp; nn/graph_module.h says what for). None of it is part of a trace.
/// One QParams, or one per slice of dimension 0. The gradient goes straight through: ops/fake_quantize.h.
Value fake_quantize(const Value& x, std::span<const ops::int8::QParams> qparams, ops::int8::CodeRange codes);
/// weight [K] / sqrt(running_var + eps): what batch norm multiplies channels by. No gradient to running_var.
Value batch_norm_factor(const BatchNormValues& values, const op::BatchNorm& options);
/// w [K, ...] * factor [K].
Value multiply_slices(const Value& w, const Value& factor);
/// x [N, K, ...] / factor [K].
Value divide_channels_(const Value& x, const Value& factor);

/// logits [N, C] and N labels -> one number, the mean over N. Not part of a trace.
Value cross_entropy(const Value& logits, std::span<const int> labels, const ops::CrossEntropyOptions& options = {});

}  // namespace functional
}  // namespace octet::nn
