// Activations, Add, Sub, Mul, Div and Concat. SiLU, hard sigmoid and hard swish have no operator of their own in older files; they
// are found in what the file writes instead:
//   x * Sigmoid(x)      x * HardSigmoid(x)      Clip(x + 3, 0, 6) / 6      x * Clip(x + 3, 0, 6) / 6
#include "networks/onnx/operations.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "loaders/files/bytes.h"
#include "nn/graph/ops.h"
#include "ops/support/broadcast.h"

namespace octet::networks::onnx {
namespace {

namespace op = nn::op;

constexpr float kSixth = 1.0f / 6;

bool is_near(float x, float y) { return std::abs(x - y) <= 1e-6f; }

/// Is it this one number?
bool is_number(const Tensor& t, float number) { return t.numel() == 1 && is_near(t.data<float>()[0], number); }

/// A constant beside x as one number, or one for each channel. Throws Error where it differs along another dimension.
Tensor per_channel(const Tensor& c, const Value& x) {
  if (c.numel() == 1) return c.reshape({1});
  const size_t rank = x.shape.size(), axis = x.channel_axis(), missing = rank - std::min(rank, c.shape().size());
  bool fits = c.shape().size() <= rank && rank > 1;
  for (size_t d = 0; d < c.shape().size() && fits; ++d)
    fits = c.shape()[d] == 1 || (d + missing == axis && c.shape()[d] == x.channels());
  OCTET_CHECK(fits, "of ", text_of(x.shape), " and a constant ", c.shape(),
              " is not supported, expected a number for each channel");
  return c.reshape({c.numel()});
}

Tensor inverse(const Tensor& t) {
  Tensor y(t.shape());
  for (int64_t i = 0; i < t.numel(); ++i) y.data<float>()[i] = 1 / t.data<float>()[i];
  return y;
}
Tensor negative(const Tensor& t) {
  Tensor y(t.shape());
  for (int64_t i = 0; i < t.numel(); ++i) y.data<float>()[i] = -t.data<float>()[i];
  return y;
}

/// Is it sigmoid(x), read by nothing else?
template <class Gate>
bool is_gate(const Value& gate, const Value& x) {
  return nn::is<Gate>(gate.node->op) && gate.exclusive && gate.node->inputs.at(0) == x.node;
}

/// The relu6(x + 3) / 6 or x * relu6(x + 3) / 6 that a factor 1 / 6 finishes.
std::optional<Made> finished(const Value& x, const Tensor& factor) {
  if (x.part == Part::none) return std::nullopt;
  OCTET_CHECK((x.part == Part::relu6 || x.part == Part::times_relu6) && is_number(factor, kSixth),
              "reads x + 3 cut to 0 and 6, expected a division by 6 there");
  Value plain = x;
  plain.part = Part::none;
  return elementwise(x.part == Part::relu6 ? nn::Op(op::Hardsigmoid{}) : nn::Op(op::Hardswish{}), plain);
}

/// What both inputs have in common. Throws Error where one is in another order of dimensions.
const Value& alike(const Call& call) {
  const Value &x = call.computed(0), &y = call.computed(1);
  OCTET_CHECK(x.channels_last == y.channels_last && x.row_order == y.row_order, "of ", text_of(x.shape), " and ",
              text_of(y.shape), ", one of which is [N, H, W, C]: a Transpose that does not cancel");
  return x;
}

bool is_gate_of(const Dims& gate, const Dims& x) {
  return ops::is_gate_of(Shape(gate.begin(), gate.end()), Shape(x.begin(), x.end()));
}

Made times(const Call& call, const Value& x, const Tensor& factor) {
  if (auto made = finished(x, factor)) return *made;
  return scaled(call, call.computed(call.input(0).is_constant() ? 1 : 0), per_channel(factor, x), {});
}

/// `x` and `gate` in either order, if `fits`.
template <class Fits>
std::optional<std::pair<const Value*, const Value*>> pair_that(const Value& x, const Value& y, Fits&& fits) {
  if (fits(x, y)) return std::pair(&x, &y);
  if (fits(y, x)) return std::pair(&y, &x);
  return std::nullopt;
}

/// A product that is an activation of octet's.
std::optional<Made> swish(const Value& a, const Value& b) {
  const auto instead = [](const nn::Op& op, const auto& pair) {
    Made made = elementwise(op, *pair->first);
    made.instead_of = pair->second->node;
    return made;
  };
  if (const auto silu = pair_that(a, b, [](const Value& x, const Value& gate) { return is_gate<op::Sigmoid>(gate, x); }))
    return instead(op::Silu{}, silu);
  if (const auto hard = pair_that(a, b, [](const Value& x, const Value& gate) { return is_gate<op::Hardsigmoid>(gate, x); }))
    return instead(op::Hardswish{}, hard);
  const auto unfinished = pair_that(a, b, [](const Value& x, const Value& gate) {
    return gate.part == Part::relu6 && x.part == Part::none && gate.node == x.node;
  });
  if (!unfinished) return std::nullopt;
  Value value = *unfinished->first;
  value.part = Part::times_relu6;
  return handed_on(value);
}

}  // namespace

Made relu(const Call& call) { return elementwise(op::Relu{}, call.computed(0)); }
Made sigmoid(const Call& call) { return elementwise(op::Sigmoid{}, call.computed(0)); }
Made tanh(const Call& call) { return elementwise(op::Tanh{}, call.computed(0)); }
Made hard_swish(const Call& call) { return elementwise(op::Hardswish{}, call.computed(0)); }

Made hard_sigmoid(const Call& call) {
  const float alpha = call.real("alpha", 0.2f), beta = call.real("beta", 0.5f);
  OCTET_CHECK(is_near(alpha, kSixth) && is_near(beta, 0.5f), "with alpha ", alpha, " and beta ", beta,
              " is not supported, expected 1 / 6 and 0.5");
  return elementwise(op::Hardsigmoid{}, call.computed(0));
}

Made clip(const Call& call) {
  const auto bound = [&](size_t i, const char* name, float standard) {
    const Tensor t = call.floats(i);
    return t.defined() && t.numel() == 1 ? t.data<float>()[0] : call.real(name, standard);
  };
  const float min = bound(1, "min", -INFINITY), max = bound(2, "max", INFINITY);
  if (call.unfinished(0).part == Part::plus_3 && min == 0 && max == 6) {
    Value value = call.input(0);
    value.part = Part::relu6;
    return handed_on(value);
  }
  const Value& x = call.computed(0);
  constexpr float kLargest = std::numeric_limits<float>::max(), kInfinite = 3.4e38f;  // some write the largest float for infinity
  if (min == 0 && max == 6) return elementwise(op::Relu6{}, x);
  if (min == 0 && max >= kInfinite) return elementwise(op::Relu{}, x);
  if (min <= -kInfinite && max >= kInfinite) return handed_on(x);
  OCTET_CHECK(!std::isnan(min) && !std::isnan(max), "from ", min, " to ", max, ", expected numbers");
  const float high = std::min(max, kLargest);
  return elementwise(op::Hardtanh{std::clamp(min, -kLargest, high), high},
                     x);  // bounds the wrong way round: all become the upper one
}

Made leaky_relu(const Call& call) { return elementwise(op::LeakyRelu{call.real("alpha", 0.01f)}, call.computed(0)); }

Made elu(const Call& call) { return elementwise(op::Elu{call.real("alpha", 1)}, call.computed(0)); }

Made prelu(const Call& call) {
  Made made = elementwise(op::PRelu{}, call.plain(0));
  made.parameters["weight"] = per_channel(call.floats(1), call.plain(0));
  return made;
}

Made gelu(const Call& call) {
  const std::string approximate = call.text("approximate", "none");
  OCTET_CHECK(approximate == "none" || approximate == "tanh", "approximate ", loaders::quoted(approximate),
              ", expected none or tanh");
  return elementwise(op::Gelu{approximate == "tanh"}, call.computed(0));
}

Made add(const Call& call) {
  const bool first = call.input(0).is_constant();
  if (first || call.input(1).is_constant()) {
    const Value& x = call.computed(first ? 1 : 0);
    const Tensor summand = call.floats(first ? 0 : 1);
    if (is_number(summand, 3) && call.is_read_only_by("Clip")) {
      Value value = x;
      value.part = Part::plus_3;
      return handed_on(value);
    }
    return scaled(call, x, {}, per_channel(summand, x));
  }
  const Value &x = alike(call), &y = call.input(1);
  OCTET_CHECK(x.shape == y.shape, "of ", text_of(x.shape), " and ", text_of(y.shape), " is not supported, expected equal shapes");
  Made made = elementwise(op::Add{}, x);
  made.inputs.push_back(y.node);
  return made;
}

Made sub(const Call& call) {
  if (call.input(0).is_constant() && !call.input(1).is_constant()) {  // c - x
    const Value& x = call.computed(1);
    return scaled(call, x, Tensor::full({1}, -1), per_channel(call.floats(0), x));
  }
  OCTET_CHECK(call.input(1).is_constant(), "of two values that the network computes is not supported, expected a constant");
  const Value& x = call.computed(0);
  return scaled(call, x, {}, negative(per_channel(call.floats(1), x)));
}

Made mul(const Call& call) {
  const bool first = call.input(0).is_constant();
  if (first || call.input(1).is_constant()) return times(call, call.unfinished(first ? 1 : 0), call.floats(first ? 0 : 1));
  if (auto made = swish(call.input(0), call.input(1))) return *made;
  const Value &x = alike(call), &y = call.input(1);
  const bool gated = is_gate_of(y.shape, x.shape);
  OCTET_CHECK(x.shape.size() <= 4 && (gated || is_gate_of(x.shape, y.shape)), "of ", text_of(x.shape), " and ", text_of(y.shape),
              " is not supported, expected equal shapes, or a gate such as [N, C, 1, 1]");
  Made made = elementwise(op::Mul{}, gated ? x : y);
  made.inputs = {x.node, y.node};
  return made;
}

Made div(const Call& call) {
  OCTET_CHECK(call.input(1).is_constant(), "of two values that the network computes is not supported, expected a constant");
  return times(call, call.unfinished(0), inverse(call.floats(1)));
}

Made concat(const Call& call) {
  const Value& x = call.computed(0);
  const size_t axis = axis_of(call.integer("axis", 0), x.shape.size());
  Made made = elementwise(op::Cat{}, x);
  made.inputs.clear();
  made.value.shape[axis] = 0;
  for (size_t i = 0; i < call.size(); ++i) {
    const Value& part = call.computed(i);
    OCTET_CHECK(part.channels_last == x.channels_last && part.row_order.empty() && part.shape.size() == x.shape.size(), "of ",
                text_of(x.shape), " and ", text_of(part.shape),
                " is not supported: one of them is in another order of dimensions");
    OCTET_CHECK(axis == part.channel_axis(), "along dimension ", axis, " of ", part.shape.size(),
                " is not supported, expected channels");
    made.inputs.push_back(part.node);
    int64_t& channels = made.value.shape[axis];
    channels = is_known(channels) && is_known(part.shape[axis]) ? channels + part.shape[axis] : kUnknown;
  }
  return made;
}

}  // namespace octet::networks::onnx
