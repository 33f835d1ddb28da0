// What octet makes of each operator of ONNX, one row each (networks/onnx/operations.cpp). The functions are in
//   layers.cpp (with weights)   norms.cpp   pools.cpp   resize.cpp   elementwise.cpp   views.cpp (what only arranges values anew)
//   parts.cpp (some of the channels)   quantized.cpp (codes)
#pragma once

#include <optional>

#include "networks/onnx/call.h"
#include "nn/graph/op.h"
#include "ops/options.h"

namespace octet::networks::onnx {

/// What a call becomes.
struct Made {
  std::optional<nn::Op> op;  // nothing: `value` is all of it
  std::vector<nn::Node*> inputs = {};
  nn::Parameters parameters = {};
  Value value = {};                // the result; of an op without the node, which is made next
  nn::Node* instead_of = nullptr;  // a node that this one takes in, and that nothing else reads
};

/// Is there a row for this operator?
bool is_supported(const Node& node);

/// Of each output. Throws Error, without a place, for options that octet does not have.
std::vector<Made> make(const Call& call);

// The rows.
Made conv(const Call& call);
Made conv_transpose(const Call& call);
Made gemm(const Call& call);
Made matmul(const Call& call);

Made batch_normalization(const Call& call);
Made layer_normalization(const Call& call);
Made group_normalization(const Call& call);
Made instance_normalization(const Call& call);
Made softmax(const Call& call);

Made resize(const Call& call);
Made upsample(const Call& call);
Made pad(const Call& call);

Made max_pool(const Call& call);
Made average_pool(const Call& call);
Made global_average_pool(const Call& call);
Made global_max_pool(const Call& call);
Made reduce_mean(const Call& call);

Made relu(const Call& call);
Made clip(const Call& call);
Made leaky_relu(const Call& call);
Made elu(const Call& call);
Made prelu(const Call& call);
Made gelu(const Call& call);
Made sigmoid(const Call& call);
Made tanh(const Call& call);
Made hard_sigmoid(const Call& call);
Made hard_swish(const Call& call);
Made add(const Call& call);
Made sub(const Call& call);
Made mul(const Call& call);
Made div(const Call& call);
Made concat(const Call& call);

Made flatten(const Call& call);
Made reshape(const Call& call);
Made squeeze(const Call& call);
Made unsqueeze(const Call& call);
Made transpose(const Call& call);
Made dropout(const Call& call);
Made identity(const Call& call);
Made cast(const Call& call);
Made slice(const Call& call);
Made split_to_sequence(const Call& call);
Made sequence_at(const Call& call);

Made quantize_linear(const Call& call);
Made dequantize_linear(const Call& call);

/// Each output of the operator Split, the only one of several outputs here.
std::vector<Made> split(const Call& call);

// What the rows share.

/// An op on the elements of one value: its shape and order stay.
Made elementwise(nn::Op op, const Value& x);

/// A constant that must be there, with so many dimensions; what: it is, for messages.
Tensor constant(const Call& call, size_t i, size_t dims, const char* what);

/// A value as it is, under another name.
Made handed_on(const Value& x);

/// x * factor + summand of each channel (or of all, for one number): taken into the layer before it, if nothing else reads that,
/// else a batch norm with mean 0 and variance 1. Undefined: 1 or 0.
Made scaled(const Call& call, const Value& x, const Tensor& factor, const Tensor& summand);

/// What a window reads: its size and steps, and how many rows and columns of padding lie around the image.
struct Window {
  ops::Size2 kernel, stride, dilation;
  Pads pads;
  /// Pixels that it spans.
  ops::Size2 span() const { return {(kernel.h - 1) * dilation.h + 1, (kernel.w - 1) * dilation.w + 1}; }
};
/// kernel: of the weight, or 0 where the attribute kernel_shape says it. x [N, C, H, W]; its own pads are counted in.
Window window_of(const Call& call, const Value& x, ops::Size2 kernel);

/// Positions of a window along an axis; kUnknown for an unknown size.
int64_t positions(int64_t input, int64_t kernel, int64_t stride, int64_t pads, bool ceil_mode = false);

}  // namespace octet::networks::onnx
