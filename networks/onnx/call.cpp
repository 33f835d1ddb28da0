#include "networks/onnx/call.h"

#include "loaders/files/bytes.h"

namespace octet::networks::onnx {

int64_t Call::declared_batch() const {
  return model_.inputs.empty() || model_.inputs[0].shape.empty() ? -1 : model_.inputs[0].shape[0];
}

const Value& Call::input(size_t i) const {
  OCTET_CHECK(has(i), "its input ", i, " is missing");
  return *inputs_[i];
}

const Value& Call::unfinished(size_t i) const {
  OCTET_CHECK(!input(i).is_constant(), "its input ", i, " is a constant, expected a value that the network computes");
  OCTET_CHECK(input(i).sequence.empty(), "its input ", i, " is a sequence, expected SequenceAt behind SplitToSequence");
  OCTET_CHECK(!input(i).codes, "reads codes, expected a DequantizeLinear before it");
  return input(i);
}

namespace {

const Value& finished(const Value& x) {
  OCTET_CHECK(x.part == Part::none, "reads an unfinished hard sigmoid: x + 3 cut to 0 and 6, without the division by 6");
  return x;
}

const Value& unpadded(const Value& x) {
  OCTET_CHECK(!x.pads.any(), "reads the result of a Pad, expected a convolution or a pool there");
  return x;
}

const Value& in_planes(const Value& x) {
  OCTET_CHECK(!x.channels_last, "reads [N, H, W, C], expected [N, C, H, W]: a Transpose that does not cancel");
  OCTET_CHECK(x.row_order.empty(), "reads rows flattened from [N, H, W, C], expected a linear layer there");
  return x;
}

}  // namespace

const Value& Call::grouped(size_t i) const { return unpadded(finished(unfinished(i))); }
const Value& Call::computed(size_t i) const {
  OCTET_CHECK(unfinished(i).ungrouped.empty(), "reads ", text_of(input(i).shape), ", expected images");
  return grouped(i);
}
const Value& Call::plain(size_t i) const { return in_planes(computed(i)); }
const Value& Call::padded(size_t i) const {
  OCTET_CHECK(unfinished(i).ungrouped.empty(), "reads ", text_of(input(i).shape), ", expected images");
  return in_planes(finished(unfinished(i)));
}

Tensor Call::floats(size_t i) const {
  if (!has(i)) return {};
  const Tensor& constant = inputs_[i]->constant;
  OCTET_CHECK(constant.defined(), "its input ", i, " is computed, expected a constant");
  OCTET_CHECK(is_floating_point(constant.dtype()), "its input ", i, " is ", constant.dtype(), ", expected floats");
  if (constant.dtype() != DType::f32) budget_.spend(4 * static_cast<uint64_t>(constant.numel()));
  return constant.to(DType::f32);
}

Dims Call::numbers(size_t i) const {
  const Tensor& constant = input(i).constant;
  OCTET_CHECK(constant.defined(), "its input ", i, " depends on the image, expected whole numbers that do not");
  OCTET_CHECK(constant.dtype() == DType::i64 && constant.dim() <= 1, "its input ", i, " is ", constant.dtype(), " ",
              constant.shape(), ", expected a list of whole numbers");
  return {constant.data<int64_t>(), constant.data<int64_t>() + constant.numel()};
}

template <class T>
T Call::attribute(const std::string& name, const T& standard, const char* expected) const {
  const auto it = node_.attributes.find(name);
  if (it == node_.attributes.end()) return standard;
  const T* value = std::get_if<T>(&it->second);
  OCTET_CHECK(value != nullptr, "its attribute '", name, "' is not ", expected);
  return *value;
}

template int64_t Call::attribute(const std::string&, const int64_t&, const char*) const;
template float Call::attribute(const std::string&, const float&, const char*) const;
template std::string Call::attribute(const std::string&, const std::string&, const char*) const;
template Dims Call::attribute(const std::string&, const Dims&, const char*) const;

size_t axis_of(int64_t axis, size_t rank) {
  const auto n = static_cast<int64_t>(rank);
  OCTET_CHECK(axis >= -n && axis < n, "axis ", axis, " of ", rank);
  return static_cast<size_t>(axis < 0 ? axis + n : axis);
}

}  // namespace octet::networks::onnx
