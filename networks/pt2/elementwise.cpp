// Activations, dropout, and what adds or multiplies.
#include "networks/pt2/rows.h"

#include "loaders/files/bytes.h"
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

Made add(const Arguments& a) {
  OCTET_CHECK(a.real("alpha", 1) == 1, "alpha ", a.real("alpha", 1), " is not supported, expected 1");
  const std::string x = a.value("self"), y = a.value("other");
  OCTET_CHECK(a.shape(x) == a.shape(y), "the sum of ", a.shape(x), " and ", a.shape(y),
              " is not supported, expected equal shapes");
  return {op::Add{}, {x, y}};
}

Made mul(const Arguments& a) {
  const std::string x = a.value("self"), y = a.value("other");
  const Shape &of_x = a.shape(x), &of_y = a.shape(y);
  OCTET_CHECK(of_x.size() <= 4 && (ops::is_gate_of(of_y, of_x) || ops::is_gate_of(of_x, of_y)), "the product of ", of_x, " and ",
              of_y, " is not supported, expected equal shapes, or a gate such as [N, C, 1, 1]");
  return {op::Mul{}, {x, y}};
}

}  // namespace octet::networks
