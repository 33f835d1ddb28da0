#include "networks/onnx/operations.h"

#include <algorithm>

namespace octet::networks::onnx {
namespace {

struct Row {
  const char* op_type;
  Made (*make)(const Call&);
};
constexpr Row kRows[] = {{"Conv", conv},
                         {"Gemm", gemm},
                         {"MatMul", matmul},
                         {"ConvTranspose", conv_transpose},
                         {"BatchNormalization", batch_normalization},
                         {"LayerNormalization", layer_normalization},
                         {"GroupNormalization", group_normalization},
                         {"InstanceNormalization", instance_normalization},
                         {"Softmax", softmax},
                         {"Resize", resize},
                         {"Upsample", upsample},
                         {"Elu", elu},
                         {"PRelu", prelu},
                         {"MaxPool", max_pool},
                         {"AveragePool", average_pool},
                         {"GlobalAveragePool", global_average_pool},
                         {"GlobalMaxPool", global_max_pool},
                         {"ReduceMean", reduce_mean},
                         {"Relu", relu},
                         {"Clip", clip},
                         {"LeakyRelu", leaky_relu},
                         {"Gelu", gelu},
                         {"Sigmoid", sigmoid},
                         {"Tanh", tanh},
                         {"HardSigmoid", hard_sigmoid},
                         {"HardSwish", hard_swish},
                         {"Add", add},
                         {"Sub", sub},
                         {"Mul", mul},
                         {"Div", div},
                         {"Concat", concat},
                         {"Flatten", flatten},
                         {"Reshape", reshape},
                         {"Squeeze", squeeze},
                         {"Unsqueeze", unsqueeze},
                         {"Transpose", transpose},
                         {"Dropout", dropout},
                         {"Identity", identity},
                         {"Cast", cast},
                         {"Pad", pad},
                         {"QuantizeLinear", quantize_linear},
                         {"DequantizeLinear", dequantize_linear},
                         {"Slice", slice},
                         {"SplitToSequence", split_to_sequence},
                         {"SequenceAt", sequence_at}};

const Row* row_of(const Node& node) {
  const auto row = std::ranges::find_if(kRows, [&](const Row& r) { return node.domain.empty() && node.op_type == r.op_type; });
  return row == std::end(kRows) ? nullptr : row;
}

bool is_split(const Node& node) { return node.domain.empty() && node.op_type == "Split"; }

}  // namespace

bool is_supported(const Node& node) { return row_of(node) != nullptr || is_split(node); }

std::vector<Made> make(const Call& call) {
  if (is_split(call.node())) return split(call);
  return {row_of(call.node())->make(call)};
}

Made elementwise(nn::Op op, const Value& x) {
  return {.op = std::move(op),
          .inputs = {x.node},
          .value = {.shape = x.shape, .channels_last = x.channels_last, .row_order = x.row_order}};
}

Tensor constant(const Call& call, size_t i, size_t dims, const char* what) {
  const Tensor t = call.floats(i);
  OCTET_CHECK(t.defined() && t.shape().size() == dims, "its ", what, " is ", t.defined() ? str(t.shape()) : "missing",
              ", expected ", dims, dims == 1 ? " dimension" : " dimensions");
  return t;
}

Made handed_on(const Value& x) { return {.op = std::nullopt, .value = x}; }

}  // namespace octet::networks::onnx
