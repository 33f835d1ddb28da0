// Activations, dropout, and what adds or multiplies.
#include "networks/pt2/rows.h"

#include "loaders/files/bytes.h"
#include "nn/graph/ops.h"
#include "ops/support/broadcast.h"

namespace octet::networks {

namespace op = nn::op;

Made relu(const Arguments& a) { return {op::Relu{}, {a.value("self")}}; }
Made relu6(const Arguments& a) { return {op::Relu6{}, {a.value("self")}}; }
Made sigmoid(const Arguments& a) { return {op::Sigmoid{}, {a.value("self")}}; }
Made tanh(const Arguments& a) { return {op::Tanh{}, {a.value("self")}}; }
Made hardsigmoid(const Arguments& a) { return {op::Hardsigmoid{}, {a.value("self")}}; }
Made hardswish(const Arguments& a) { return {op::Hardswish{}, {a.value("self")}}; }
Made silu(const Arguments& a) { return {op::Silu{}, {a.value("self")}}; }

Made leaky_relu(const Arguments& a) {
  return {op::LeakyRelu{static_cast<float>(a.real("negative_slope", 0.01))}, {a.value("self")}};
}

Made elu(const Arguments& a) {
  OCTET_CHECK(a.real("scale", 1) == 1 && a.real("input_scale", 1) == 1, "scale ", a.real("scale", 1), " and input_scale ",
              a.real("input_scale", 1), " are not supported, expected 1");
  return {op::Elu{static_cast<float>(a.real("alpha", 1))}, {a.value("self")}};
}

Made prelu(const Arguments& a) {
  const Tensor weight = a.tensor("weight");
  OCTET_CHECK(weight.defined() && weight.dim() <= 1, "its weight is ", weight.defined() ? str(weight.shape()) : "missing",
              ", expected one number, or one for each channel");
  return with_parameters(op::PRelu{}, a.value("self"), {{"weight", weight.reshape({weight.numel()})}});
}

Made softmax(const Arguments& a) {
  const std::string input = a.value("self");
  const auto rank = static_cast<int64_t>(a.shape(input).size());
  const int64_t dim = a.integer("dim", 0);
  OCTET_CHECK((rank == 2 || rank == 4) && (dim == 1 || dim == 1 - rank), "softmax of ", a.shape(input), " over dimension ", dim,
              " is not supported, expected channels: 1");
  return {op::Softmax{}, {input}};
}

Made gelu(const Arguments& a) {
  const std::string approximate = a.text("approximate", "none");
  OCTET_CHECK(approximate == "none" || approximate == "tanh", "approximate ", loaders::quoted(approximate),
              " is not supported, expected 'none' or 'tanh'");
  return {op::Gelu{approximate == "tanh"}, {a.value("self")}};
}

Made hardtanh(const Arguments& a) {
  const double low = a.real("min_val", -1), high = a.real("max_val", 1);
  OCTET_CHECK(low <= high, "hardtanh from ", low, " to ", high, ", expected the lower bound first");
  if (low == 0 && high == 6) return relu6(a);
  return {op::Hardtanh{static_cast<float>(low), static_cast<float>(high)}, {a.value("self")}};
}

Made dropout(const Arguments& a) {
  OCTET_CHECK(!a.flag("train", false), "is in training mode; call model.eval() before torch.export.export");
  return {
      op::Dropout{static_cast<float>(a.real("p", 0.5))}, {a.value(works_in_place(a.call().target) ? "self" : "input")}, {}, true};
}

namespace {

/// Throws Error for a constant that does not go with x as one number, or one for each channel.
void check_constant(const Tensor& t, const Shape& x) {
  const size_t rank = x.size();
  OCTET_CHECK(rank == 2 || rank == 4, "a constant beside ", x, " is not supported, expected [N, C] or [N, C, H, W]");
  const size_t front = rank - std::min(rank, t.shape().size());  // dimensions that the constant does not have
  bool fits = t.shape().size() <= rank && t.numel() > 0;
  for (size_t d = front; fits && d < rank; ++d) fits = t.shape()[d - front] == 1 || (d == 1 && t.shape()[d - front] == x[1]);
  OCTET_CHECK(fits, "a constant ", t.shape(), " beside ", x, " is not supported, expected one number, or one for each channel");
}

/// The operands of a call of two: values that the network computes, or one of them and a constant.
struct Operands {
  std::string x, y;  // empty: the constant
  Tensor constant;
  std::string key;               // of the constant among the network's parameters and buffers; empty: it has none
  std::optional<double> number;  // the constant, where the code has a number

  explicit Operands(const Arguments& a) {
    const bool first = a.constant("self").defined(), second = a.constant("other").defined();
    OCTET_CHECK(!first || !second, "has two constants, expected a value that the network computes");
    if (!first) x = a.value("self");
    if (!second) y = a.value("other");
    if (!first && !second) return;
    const char* name = first ? "self" : "other";
    constant = a.constant(name), key = a.key(name);
    if (a.is_number(name)) number = a.real(name, 0);
  }
};

Made affine(const Arguments& a, const Operands& o, op::AffineKind kind) {
  const std::string& x = o.x.empty() ? o.y : o.x;
  check_constant(o.constant, a.shape(x));
  Made made = with_parameters(op::Affine{kind, o.number.has_value(), o.number.value_or(0)}, x, {{"constant", o.constant}});
  made.key = o.key;
  made.function = op::kAffineKinds[static_cast<size_t>(kind)];
  return made;
}

}  // namespace

Made add(const Arguments& a) {
  OCTET_CHECK(a.real("alpha", 1) == 1, "alpha ", a.real("alpha", 1), " is not supported, expected 1");
  const Operands o(a);
  if (o.constant.defined()) return affine(a, o, op::AffineKind::add);
  OCTET_CHECK(a.shape(o.x) == a.shape(o.y), "the sum of ", a.shape(o.x), " and ", a.shape(o.y),
              " is not supported, expected equal shapes");
  return {op::Add{}, {o.x, o.y}};
}

Made mul(const Arguments& a) {
  const Operands o(a);
  if (o.constant.defined()) return affine(a, o, op::AffineKind::multiply);
  const Shape &of_x = a.shape(o.x), &of_y = a.shape(o.y);
  OCTET_CHECK(of_x.size() <= 4 && (ops::is_gate_of(of_y, of_x) || ops::is_gate_of(of_x, of_y)), "the product of ", of_x, " and ",
              of_y, " is not supported, expected equal shapes, or a gate such as [N, C, 1, 1]");
  return {op::Mul{}, {o.x, o.y}};
}

/// x - constant and constant - x.
Made sub(const Arguments& a) {
  OCTET_CHECK(a.real("alpha", 1) == 1, "alpha ", a.real("alpha", 1), " is not supported, expected 1");
  const Operands o(a);
  OCTET_CHECK(o.constant.defined(), "the difference of two values is not supported, expected a constant");
  return affine(a, o, o.x.empty() ? op::AffineKind::subtract_from : op::AffineKind::subtract);
}

Made rsub(const Arguments& a) {
  const Operands o(a);
  OCTET_CHECK(o.constant.defined() && a.real("alpha", 1) == 1,
              "the difference of two values is not supported, expected a constant");
  return affine(a, o, op::AffineKind::subtract_from);
}

Made div(const Arguments& a) {
  const Operands o(a);
  OCTET_CHECK(o.constant.defined() && !o.x.empty() && a.text("rounding_mode", "").empty(),
              "is not supported, expected a value divided by a constant");
  return affine(a, o, op::AffineKind::divide);
}

}  // namespace octet::networks
