// mul: y = a * b of equal shapes, or one of them a gate [N, C, 1, 1]. int8: ops/int8/multiply.h, with the relu behind it.
// operator.mul, torch.mul, torch.ops.quantized.mul and mul_relu.
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/elementwise.h"
#include "ops/int8/multiply.h"

namespace octet::nn::op {

struct QuantizedMul {
  ops::int8::MultiplyParams params;

  static constexpr Info kInfo{.name = "quantized_mul",
                              .inputs = 2,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::planes};
  void fields(auto&& visit) {
    visit("a", params.a);
    visit("b", params.b);
    visit("output", params.output);
    visit("relu", params.relu);
  }
  Description describe(const Parameters&) const {
    return {params.relu ? "QuantizedMulReLU" : "QuantizedMul", qparams_text(params.output)};
  }
  Tensor run(const Inputs& in) const { return ops::int8::multiply(in[0], in[1], params); }
  QParams output() const { return params.output; }
  std::vector<QParams> made_for() const { return {params.a, params.b}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Mul {
  static constexpr Info kInfo{.name = "mul",
                              .inputs = 2,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::own,
                              .layout = Layout::any,
                              .takes_relu = true};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"Mul"}; }
  Tensor run(const Inputs& in) const { return ops::multiply(in[0], in[1]); }
  QuantizedMul to_int8(const Int8Form& form) const { return {{form.in[0], form.in[1], form.output, form.relu}}; }
};

}  // namespace octet::nn::op
