// QuantizeLinear and DequantizeLinear, of constants and of what the network computes.
//
//   codes = clamp(rne(x / scale) + zero_point)        x = (codes - zero_point) * scale
// Weights become float32 at once, which is exact in what follows: their scale goes along, and networks/onnx/to_int8.h finds the codes
// again. Activations have one scale and 8 bits; int8 codes are kept as uint8 ones that are 128 more.
#include "networks/onnx/quantized.h"

#include <cmath>

#include "networks/onnx/operations.h"
#include "nn/graph/ops/quantize.h"

namespace octet::networks::onnx {
namespace {

namespace op = nn::op;

constexpr int32_t kSignedOffset = 128;  // from int8 codes to uint8 ones

/// TensorProto.DataType of an attribute output_dtype.
constexpr int64_t kUint8 = 2, kInt8 = 3;

std::vector<float> scales_of(const Call& call) {
  const Tensor t = call.floats(1);
  OCTET_CHECK(t.defined() && t.numel() > 0, "its scale is missing");
  OCTET_CHECK(call.integer("block_size", 0) == 0, "with a scale for each block of a channel (block_size) is not supported");
  return {t.data<float>(), t.data<float>() + t.numel()};
}

int64_t whole_number(const Tensor& t, int64_t i) {
  switch (t.dtype()) {
    case DType::u8:
      return t.data<uint8_t>()[i];
    case DType::i8:
      return t.data<int8_t>()[i];
    case DType::i16:
      return t.data<int16_t>()[i];
    case DType::i32:
      return t.data<int32_t>()[i];
    case DType::i64:
      return t.data<int64_t>()[i];
    default:
      fail("reads ", t.dtype(), ", expected codes");
  }
}

const Tensor& zero_points_of(const Call& call) {
  OCTET_CHECK(call.input(2).is_constant(), "its zero point is computed, expected a constant");
  return call.input(2).constant;
}

/// Of a constant's codes: their elements, and which scale each has.
struct Channels {
  std::vector<float> scales;
  Tensor zero_points;  // undefined: 0
  int64_t inner;       // elements behind the axis

  Channels(const Call& call, const Shape& shape) : scales(scales_of(call)), inner(numel(shape)) {
    if (call.has(2)) zero_points = zero_points_of(call);
    const auto count = std::ssize(scales);
    OCTET_CHECK(!zero_points.defined() || zero_points.numel() == count, zero_points.numel(), " zero points for ", count,
                " scales");
    if (count == 1) return;
    const size_t axis = axis_of(call.integer("axis", 1), shape.size());
    OCTET_CHECK(shape[axis] == count, count, " scales for dimension ", axis, " of ", shape);
    for (size_t d = 0; d <= axis; ++d) inner /= std::max<int64_t>(shape[d], 1);
  }
  size_t of(int64_t i) const { return scales.size() == 1 ? 0 : static_cast<size_t>(i / inner) % scales.size(); }
  int64_t zero_point(size_t channel) const {
    return zero_points.defined() ? whole_number(zero_points, static_cast<int64_t>(channel)) : 0;
  }
};

/// Whether codes are int8: by their zero point, else by what the call says.
bool is_signed(const Call& call, bool standard) {
  if (!call.has(2)) {
    const int64_t type = call.integer("output_dtype", standard ? kInt8 : kUint8);
    OCTET_CHECK(type == kUint8 || type == kInt8, "to type ", type, " is not supported, expected uint8 (2) or int8 (3)");
    return type == kInt8;
  }
  const DType type = zero_points_of(call).dtype();
  OCTET_CHECK(type == DType::u8 || type == DType::i8, "of ", type, " codes is not supported, expected int8 or uint8");
  return type == DType::i8;
}

Codes codes_of(const Call& call, bool is_signed) {
  const std::vector<float> scales = scales_of(call);
  OCTET_CHECK(scales.size() == 1, "has ", scales.size(), " scales, expected one for all channels of what the network computes");
  OCTET_CHECK(!call.has(2) || zero_points_of(call).numel() == 1, "has several zero points, expected one");
  const int64_t zero_point = (call.has(2) ? whole_number(zero_points_of(call), 0) : 0) + (is_signed ? kSignedOffset : 0);
  const Codes codes{{scales[0], static_cast<int32_t>(zero_point)}, is_signed};
  ops::int8::check_qparams(codes.qparams, DType::quint8, "its codes");
  return codes;
}

/// Weights that a file has as floats.
Made quantized_constant(const Call& call) {
  const Tensor x = call.floats(0);
  const Channels channels(call, x.shape());
  const bool low = is_signed(call, false);
  call.budget().spend(static_cast<uint64_t>(x.numel()));
  Tensor y(x.shape(), low ? DType::i8 : DType::u8);
  for (int64_t i = 0; i < x.numel(); ++i) {
    const size_t k = channels.of(i);
    const double code = std::nearbyint(static_cast<double>(x.data<float>()[i] / channels.scales[k]));
    const double moved = code + static_cast<double>(channels.zero_point(k)), first = low ? -128 : 0;
    y.bytes()[i] = static_cast<std::byte>(static_cast<int>(moved > first ? std::min(moved, first + 255) : first));  // NaN: first
  }
  return handed_on({.constant = y});
}

Made dequantized_constant(const Call& call) {
  const Tensor& x = call.input(0).constant;
  const Channels channels(call, x.shape());
  call.budget().spend(4 * static_cast<uint64_t>(x.numel()));
  Tensor y(x.shape());
  for (int64_t i = 0; i < x.numel(); ++i) {
    const size_t k = channels.of(i);
    const double steps = static_cast<double>(whole_number(x, i)) - static_cast<double>(channels.zero_point(k));
    y.data<float>()[i] = static_cast<float>(steps) * channels.scales[k];
  }
  return handed_on({.constant = y, .weight_scale = channels.scales});
}

}  // namespace

bool is_quantization(const Node& node) {
  return node.domain.empty() && (node.op_type == "QuantizeLinear" || node.op_type == "DequantizeLinear");
}

Made quantize_linear(const Call& call) {
  if (call.input(0).is_constant()) return quantized_constant(call);
  const Value& x = call.unfinished(0);
  OCTET_CHECK(x.part == Part::none, "reads an unfinished hard sigmoid: x + 3 cut to 0 and 6, without the division by 6");
  OCTET_CHECK(!x.codes, "reads codes, expected floats");
  Value value = x;
  value.codes = codes_of(call, is_signed(call, false));
  return {.op = op::Quantize{value.codes->qparams}, .inputs = {x.node}, .value = value};
}

Made dequantize_linear(const Call& call) {
  if (call.input(0).is_constant()) return dequantized_constant(call);
  Value value = call.input(0);
  OCTET_CHECK(value.codes.has_value(), "reads floats, expected the codes of a QuantizeLinear");
  const Codes codes = codes_of(call, is_signed(call, value.codes->is_signed)), &given = *value.codes;
  OCTET_CHECK(codes.qparams == given.qparams && codes.is_signed == given.is_signed, "has scale ", codes.qparams.scale,
              " and zero point ", codes.qparams.zero_point, ", the codes that it reads ", given.qparams.scale, " and ",
              given.qparams.zero_point, "; expected the same");
  value.codes.reset();
  return {.op = op::Dequantize{codes.qparams}, .inputs = {value.node}, .value = value};
}

}  // namespace octet::networks::onnx
