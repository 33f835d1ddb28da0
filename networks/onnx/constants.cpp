#include "networks/onnx/constants.h"

#include <numeric>

namespace octet::networks::onnx {
namespace {

constexpr size_t kMaxNumbers = 4096;  // of shapes and lists of axes; far more than any

uint64_t bytes_of(const Tensor& t) { return t.nbytes(); }

Tensor list(const Dims& numbers) { return Tensor::from(numbers, {std::ssize(numbers)}, DType::i64); }

/// Whole numbers of any shape.
Dims numbers_of(const Tensor& t) {
  OCTET_CHECK(t.dtype() == DType::i64 && static_cast<size_t>(t.numel()) <= kMaxNumbers, "computes with ", t.dtype(), " ",
              t.shape(), " before an image is there, expected a few whole numbers");
  return {t.data<int64_t>(), t.data<int64_t>() + t.numel()};
}

Tensor shape_of(const Call& call) {
  const Value& x = call.input(0);
  OCTET_CHECK(!x.pads.any(), "of the result of a Pad is not supported");
  const auto rank = static_cast<int64_t>(x.is_constant() ? x.constant.dim() : std::ssize(x.shape));
  const auto place = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank); };
  const int64_t begin = place(call.integer("start", 0)), end = std::max(begin, place(call.integer("end", rank)));
  const Dims all = x.is_constant() ? Dims(x.constant.shape()) : x.shape;
  return list({all.begin() + begin, all.begin() + end});
}

Tensor constant(const Call& call) {
  const auto& attributes = call.node().attributes;
  if (const auto it = attributes.find("value"); it != attributes.end())
    if (const auto* tensor = std::get_if<Tensor>(&it->second)) return *tensor;
  if (call.has_attribute("value_int")) return Tensor::from(Dims{call.integer("value_int", 0)}, {}, DType::i64);
  if (call.has_attribute("value_ints")) return list(call.integers("value_ints"));
  if (call.has_attribute("value_float")) return Tensor::full({}, call.real("value_float", 0));
  fail("is neither a tensor nor numbers");
}

Tensor cast(const Tensor& x, int64_t type) {
  const bool to_float = type == 1 || type == 10 || type == 11 || type == 16;  // float, float16, double, bfloat16
  const bool to_whole = (type >= 2 && type <= 7) || type == 12 || type == 13;
  OCTET_CHECK(to_float || to_whole, "to type ", type, " is not supported, expected floats or whole numbers");
  if (to_whole == (x.dtype() == DType::i64)) return x;
  if (to_float) OCTET_CHECK(are_known(numbers_of(x)), "of a free size to floats is not supported");
  return x.to(to_float ? DType::f32 : DType::i64);
}

/// The same elements in another shape.
Tensor viewed(const Call& call) {
  const Tensor& x = call.input(0).constant;
  Shape shape = x.shape();
  const std::string& type = call.node().op_type;
  if (type == "Reshape") {
    shape = {};
    for (const int64_t d : call.numbers(1))
      shape.push_back(d == 0 && shape.size() < x.shape().size() ? x.shape()[shape.size()] : d);
    int64_t known = 1;
    for (const int64_t d : shape)
      if (d > 0) known = d <= x.numel() / known ? known * d : x.numel() + 1;
    for (int64_t& d : shape) d = d == -1 ? x.numel() / known : d;
  } else if (type == "Unsqueeze") {
    Dims axes = call.numbers("axes", 1);
    const size_t rank = shape.size() + axes.size();
    for (int64_t& axis : axes) axis = static_cast<int64_t>(axis_of(axis, rank));
    std::ranges::sort(axes);
    for (const int64_t axis : axes) shape.insert(shape.begin() + std::min(axis, std::ssize(shape)), 1);
  } else {
    const Dims axes = call.numbers("axes", 1);
    Shape left;
    for (size_t d = 0; d < shape.size(); ++d) {
      const bool named = std::ranges::any_of(axes, [&](int64_t a) { return axis_of(a, shape.size()) == d; });
      if (!(named || (axes.empty() && shape[d] == 1))) left.push_back(shape[d]);
    }
    shape = left;
  }
  return x.reshape(shape);
}

Tensor gather(const Call& call) {
  const Dims from = call.numbers(0), at = numbers_of(call.input(1).constant);
  OCTET_CHECK(call.integer("axis", 0) == 0, "along axis ", call.integer("axis", 0), " is not supported, expected 0");
  Dims picked;
  for (const int64_t i : at) picked.push_back(from[axis_of(i, from.size())]);
  return list(picked).reshape(call.input(1).constant.shape());
}

Tensor concat(const Call& call) {
  Dims all;
  for (size_t i = 0; i < call.size(); ++i) {
    const Dims part = call.numbers(i);
    all.insert(all.end(), part.begin(), part.end());
    OCTET_CHECK(all.size() <= kMaxNumbers, "of more than ", kMaxNumbers, " numbers is not supported");
  }
  return list(all);
}

Tensor slice(const Call& call) {
  const Dims from = call.numbers(0), starts = call.numbers("starts", 1), ends = call.numbers("ends", 2);
  const Dims axes = call.numbers("axes", 3), steps = call.has(4) ? call.numbers(4) : Dims{1};
  OCTET_CHECK(starts.size() == 1 && ends.size() == 1 && steps == Dims{1} && (axes.empty() || axes == Dims{0}),
              "of numbers with steps or along several axes is not supported");
  const auto size = std::ssize(from);
  const auto place = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + size : i, 0, size); };
  const int64_t begin = place(starts[0]), end = std::max(begin, place(ends[0]));
  return list({from.begin() + begin, from.begin() + end});
}

int64_t computed(const std::string& type, int64_t a, int64_t b) {
  if (type == "Mul" && (a == 1 || b == 1)) return a == 1 ? b : a;
  if ((type == "Add" && (a == 0 || b == 0))) return a == 0 ? b : a;
  if (b == (type == "Div" ? 1 : 0) && (type == "Div" || type == "Sub")) return a;
  const bool small = std::max(a, b) < (int64_t{1} << 31) && std::min(a, b) > -(int64_t{1} << 31);
  if (!small || (type == "Div" && b == 0)) return kUnknown;  // marks among them
  return type == "Mul" ? a * b : type == "Add" ? a + b : type == "Sub" ? a - b : a / b;
}

Tensor arithmetic(const Call& call) {
  const Tensor &x = call.input(0).constant, &y = call.input(1).constant;
  const Dims a = numbers_of(x), b = numbers_of(y);
  OCTET_CHECK(a.size() == b.size() || a.size() == 1 || b.size() == 1, "of ", x.shape(), " and ", y.shape(), " is not supported");
  const Tensor& larger = a.size() > b.size() || (a.size() == b.size() && x.dim() > y.dim()) ? x : y;
  Dims result;
  for (size_t i = 0; i < std::max(a.size(), b.size()) && !a.empty() && !b.empty(); ++i)
    result.push_back(computed(call.node().op_type, a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i]));
  return list(result).reshape(larger.shape());
}

/// One element, as often as the shape wants it.
Tensor filled(const Call& call, const Tensor& element, const Dims& sizes) {
  OCTET_CHECK(element.numel() == 1 && are_known(sizes), "of ", element.shape(), " to ", text_of(sizes), " is not supported");
  const Shape shape(sizes.begin(), sizes.end());
  call.budget().spend(static_cast<uint64_t>(numel(shape)) * size_of(element.dtype()));
  if (element.dtype() == DType::i64)
    return Tensor::from(Dims(static_cast<size_t>(numel(shape)), element.data<int64_t>()[0]), shape, DType::i64);
  return Tensor::full(shape, element.to(DType::f32).data<float>()[0]);
}

Tensor transposed(const Call& call) {
  const Tensor x = call.floats(0);
  const size_t rank = x.shape().size();
  Dims perm = call.integers("perm");
  if (perm.empty())
    for (size_t d = rank; d-- > 0;) perm.push_back(static_cast<int64_t>(d));
  Dims sorted = perm, order(rank), strides(rank, 1), at(rank, 0);
  std::ranges::sort(sorted);
  std::iota(order.begin(), order.end(), 0);
  OCTET_CHECK(sorted == order, "with perm ", text_of(perm), " of ", x.shape());
  for (size_t d = rank; d-- > 1;) strides[d - 1] = strides[d] * x.shape()[d];
  Shape shape;
  for (const int64_t d : perm) shape.push_back(x.shape()[static_cast<size_t>(d)]);
  call.budget().spend(bytes_of(x));
  Tensor y(shape);
  for (int64_t i = 0; i < y.numel(); ++i) {
    int64_t from = 0;
    for (size_t d = 0; d < rank; ++d) from += at[d] * strides[static_cast<size_t>(perm[d])];
    y.data<float>()[i] = x.data<float>()[from];
    for (size_t d = rank; d-- > 0 && ++at[d] == shape[d];) at[d] = 0;
  }
  return y;
}

std::optional<Tensor> of_constants(const Call& call) {
  const std::string& type = call.node().op_type;
  if (type == "Identity" || type == "Dropout") return call.input(0).constant;
  if (type == "Cast") return cast(call.input(0).constant, call.integer("to", 0));
  if (type == "CastLike") return cast(call.input(0).constant, call.input(1).constant.dtype() == DType::i64 ? 7 : 1);
  if (type == "Reshape" || type == "Squeeze" || type == "Unsqueeze") return viewed(call);
  if (type == "Gather") return gather(call);
  if (type == "Concat") return concat(call);
  if (type == "Slice") return slice(call);
  if (type == "Add" || type == "Sub" || type == "Mul" || type == "Div") return arithmetic(call);
  if (type == "Expand") return filled(call, call.input(0).constant, call.numbers(1));
  if (type == "Transpose") return transposed(call);
  if (type != "ConstantOfShape") return std::nullopt;
  const auto value = call.node().attributes.find("value");
  const Tensor* element = value == call.node().attributes.end() ? nullptr : std::get_if<Tensor>(&value->second);
  return filled(call, element ? as_constant(*element, call.budget()) : Tensor::full({1}, 0), call.numbers(0));
}

}  // namespace

Tensor as_constant(const Tensor& tensor, Budget& budget) {
  if (is_floating_point(tensor.dtype())) return tensor;
  if (tensor.dtype() == DType::i64) return tensor;
  budget.spend(8 * static_cast<uint64_t>(tensor.numel()));
  return tensor.to(DType::i64);
}

std::optional<Tensor> fold(const Call& call) {
  const std::string& type = call.node().op_type;
  if (!call.node().domain.empty()) return std::nullopt;
  if (type == "Constant") return as_constant(constant(call), call.budget());
  if (type == "Shape") return shape_of(call);
  if (type == "CastLike" && call.has(0) && call.input(0).is_constant() && call.has(1) && !call.input(1).is_constant())
    return cast(call.input(0).constant, 1);  // like an image
  if (call.size() == 0) return std::nullopt;
  for (size_t i = 0; i < call.size(); ++i)
    if (call.has(i) && !call.input(i).is_constant()) return std::nullopt;
  return of_constants(call);
}

}  // namespace octet::networks::onnx
