// BatchNormalization, LayerNormalization, GroupNormalization, InstanceNormalization and Softmax.
//
// torch.onnx.export writes a group norm as Reshape to [N, groups, all the rest], InstanceNormalization with factors of 1, Reshape back,
// and then a product and a sum; the first three become one node.
#include "networks/onnx/operations.h"
#include "nn/graph/ops/batch_norm.h"
#include "nn/graph/ops/group_norm.h"
#include "nn/graph/ops/layer_norm.h"
#include "nn/graph/ops/softmax.h"

namespace octet::networks::onnx {
namespace {

namespace op = nn::op;

Tensor of_size(const Call& call, size_t i, int64_t n, const char* what) {
  const Tensor t = call.floats(i);
  OCTET_CHECK(!t.defined() || t.numel() == n, "its ", what, " is ", t.shape(), ", expected ", n, " numbers");
  return t;
}

Made normed(nn::Op op, const Value& x, const Tensor& weight, const Tensor& bias) {
  Made made{.op = std::move(op), .inputs = {x.node}, .value = {.shape = x.shape}};
  if (weight.defined()) made.parameters["weight"] = weight;
  if (bias.defined()) made.parameters["bias"] = bias;
  return made;
}

/// Each number `times` times, one after the other.
Tensor repeated(const Tensor& t, int64_t times) {
  if (!t.defined() || times == 1) return t;
  Tensor y({t.numel() * times});
  for (int64_t i = 0; i < y.numel(); ++i) y.data<float>()[i] = t.data<float>()[i / times];
  return y;
}

bool is_all(const Tensor& t, float number) {
  for (int64_t i = 0; i < t.numel(); ++i)
    if (t.data<float>()[i] != number) return false;
  return true;
}

}  // namespace

Made batch_normalization(const Call& call) {
  OCTET_CHECK(!call.flag("training_mode", false) && call.node().outputs.size() == 1,
              "is in training mode; call model.eval() before the export");
  const Value& x = call.plain(0);
  const size_t dims = x.shape.size();
  OCTET_CHECK(dims == 2 || dims == 4, "of ", text_of(x.shape), " is not supported, expected [N, C] or [N, C, H, W]");
  const op::BatchNorm norm{
      .eps = call.real("epsilon", 1e-5f), .momentum = 1 - call.real("momentum", 0.9f), .dims = dims == 2 ? 1 : 2};
  Made made = normed(norm, x, constant(call, 1, 1, "scale"), constant(call, 2, 1, "bias"));
  made.parameters["running_mean"] = constant(call, 3, 1, "mean");
  made.parameters["running_var"] = constant(call, 4, 1, "variance");
  return made;
}

Made layer_normalization(const Call& call) {
  const Value& x = call.plain(0);
  const size_t rank = x.shape.size(), axis = axis_of(call.integer("axis", -1), rank);
  const Dims over(x.shape.begin() + static_cast<std::ptrdiff_t>(axis), x.shape.end());
  OCTET_CHECK((rank == 2 || rank == 4) && axis > 0 && are_known(over), "of ", text_of(x.shape), " from axis ", axis,
              " on is not supported, expected [N, C] or [N, C, H, W], and not the images");
  const Shape shape(over.begin(), over.end());
  const auto shaped = [&](const Tensor& t) { return t.defined() ? t.reshape(shape) : t; };
  return normed(op::LayerNorm{over, call.real("epsilon", 1e-5f)}, x, shaped(of_size(call, 1, numel(shape), "scale")),
                shaped(of_size(call, 2, numel(shape), "bias")));
}

Made group_normalization(const Call& call) {
  const Value& x = call.plain(0);
  const int64_t groups = call.integer("num_groups", 1), C = x.channels();
  OCTET_CHECK(is_known(C) && groups > 0 && C % groups == 0, "of ", groups, " groups of ", text_of(x.shape));
  const bool by_group = call.opset() < 21;  // before, scale and bias had a number for each group
  const int64_t numbers = by_group ? groups : C, times = C / numbers;
  return normed(op::GroupNorm{groups, call.real("epsilon", 1e-5f)}, x, repeated(of_size(call, 1, numbers, "scale"), times),
                repeated(of_size(call, 2, numbers, "bias"), times));
}

Made instance_normalization(const Call& call) {
  const Value& x = call.grouped(0).ungrouped.empty() ? call.plain(0) : call.grouped(0);
  const float eps = call.real("epsilon", 1e-5f);
  const int64_t channels = x.shape.size() < 2 ? 0 : x.shape[1];
  OCTET_CHECK(is_known(channels), "of ", text_of(x.shape), " is not supported");
  const Tensor scale = of_size(call, 1, channels, "scale"), bias = of_size(call, 2, channels, "bias");
  if (x.ungrouped.empty()) {
    OCTET_CHECK(x.shape.size() == 4, "of ", text_of(x.shape), " is not supported, expected [N, C, H, W]");
    return normed(op::GroupNorm{0, eps}, x, scale, bias);
  }
  OCTET_CHECK(scale.defined() && bias.defined() && is_all(scale, 1) && is_all(bias, 0),
              "of groups, with factors for each, is not supported");
  Made made = normed(op::GroupNorm{channels, eps}, x, {}, {});
  made.value.ungrouped = x.ungrouped;
  return made;
}

Made softmax(const Call& call) {
  const Value& x = call.plain(0);
  const size_t rank = x.shape.size();
  const int64_t standard = call.opset() < 13 ? 1 : -1;
  OCTET_CHECK((rank == 2 || (rank == 4 && call.opset() >= 13)) && axis_of(call.integer("axis", standard), rank) == 1, "of ",
              text_of(x.shape), " along axis ", call.integer("axis", standard), " is not supported, expected channels: 1");
  return normed(op::Softmax{}, x, {}, {});
}

}  // namespace octet::networks::onnx
