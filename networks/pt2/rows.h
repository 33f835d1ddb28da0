// The rows of networks/pt2/operations.cpp: what octet makes of one operation. Names of arguments and defaults are those of PyTorch's
// aten/src/ATen/native/native_functions.yaml. Each throws Error, without a place, for options that octet does not have.
#pragma once

#include "networks/pt2/operations.h"

namespace octet::networks {

/// A call with one input, and its tensors, of which some may be undefined.
inline Made with_parameters(nn::Op made, std::string input, std::initializer_list<std::pair<const char*, Tensor>> tensors) {
  Made result{std::move(made), {std::move(input)}};
  for (const auto& [name, tensor] : tensors)
    if (tensor.defined()) result.parameters[name] = tensor;
  return result;
}

// layers.cpp
Made conv2d(const Arguments& a);
Made linear(const Arguments& a);
Made conv_transpose2d(const Arguments& a);
Made max_pool2d(const Arguments& a);
Made avg_pool2d(const Arguments& a);
Made mean(const Arguments& a);
Made adaptive_avg_pool2d(const Arguments& a);
Made adaptive_max_pool2d(const Arguments& a);

// norms.cpp
Made batch_norm(const Arguments& a);
Made layer_norm(const Arguments& a);
Made group_norm(const Arguments& a);
Made instance_norm(const Arguments& a);

// resize.cpp
Made upsample_nearest2d(const Arguments& a);
Made upsample_bilinear2d(const Arguments& a);
Made pad(const Arguments& a);

// elementwise.cpp
Made relu(const Arguments& a);
Made relu6(const Arguments& a);
Made sigmoid(const Arguments& a);
Made tanh(const Arguments& a);
Made hardsigmoid(const Arguments& a);
Made hardswish(const Arguments& a);
Made silu(const Arguments& a);
Made leaky_relu(const Arguments& a);
Made elu(const Arguments& a);
Made prelu(const Arguments& a);
Made softmax(const Arguments& a);
Made gelu(const Arguments& a);
Made hardtanh(const Arguments& a);
Made dropout(const Arguments& a);
Made add(const Arguments& a);
Made mul(const Arguments& a);
Made sub(const Arguments& a);
Made div(const Arguments& a);
Made rsub(const Arguments& a);

// views.cpp
/// flatten, view and reshape.
Made flattened(const Arguments& a);
Made transpose(const Arguments& a);
Made permute(const Arguments& a);
Made slice(const Arguments& a);
/// Channels of each part.
std::vector<int64_t> chunk(const Arguments& a);
std::vector<int64_t> split(const Arguments& a);
std::vector<int64_t> split_with_sizes(const Arguments& a);
Made cat(const Arguments& a);
Made contiguous(const Arguments& a);
/// Another handle of the same values.
Made handed_on(const Arguments& a);

}  // namespace octet::networks
