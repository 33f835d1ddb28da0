// The float ops as models call them: each runs its function of ops/ and, while a Recording is alive, appends the call to it.
// PyTorch counterpart: torch.nn.functional.
#pragma once

#include <span>

#include "nn/recording.h"
#include "ops/options.h"

namespace octet::nn::functional {

/// bias may be undefined here and below.
Value conv2d(const Value& x, const Value& weight, const Value& bias, const ops::Conv2dOptions& options);
Value linear(const Value& x, const Value& weight, const Value& bias);

struct BatchNormValues {
  Value weight, bias, running_mean, running_var;
};
Value batch_norm(const Value& x, const BatchNormValues& values, const op::BatchNorm& options);

Value relu(const Value& x);
Value max_pool2d(const Value& x, const ops::MaxPool2dOptions& options);
Value adaptive_avg_pool2d(const Value& x, ops::Size2 output);
Value adaptive_max_pool2d(const Value& x, ops::Size2 output);
/// At inference the identity.
Value dropout(const Value& x, float p);
/// [N, C, H, W] -> [N, C*H*W]. torch.flatten(x, 1).
Value flatten(const Value& x);
/// The same under the name that x.view(x.size(0), -1) gets in a traced graph, which is what fastai's Flatten calls.
Value view(const Value& x);
Value add(const Value& a, const Value& b);
/// Along dimension 1.
Value cat(std::span<const Value> parts);

}  // namespace octet::nn::functional
