// add: y = a + b of equal shapes. int8: ops/int8/add.h, with the relu behind it. operator.add, torch.ops.quantized.add and
// add_relu.
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/elementwise.h"
#include "ops/int8/add.h"

namespace octet::nn::op {

struct QuantizedAdd {
  ops::int8::AddParams params;

  static constexpr Info kInfo{.name = "quantized_add",
                              .inputs = 2,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::any};
  void fields(auto&& visit) {
    visit("a", params.a);
    visit("b", params.b);
    visit("output", params.output);
    visit("relu", params.relu);
    visit.engine(params.engine);
  }
  Description describe(const Parameters&) const {
    return {params.relu ? "QuantizedAddReLU" : "QuantizedAdd", qparams_text(params.output)};
  }
  Tensor run(const Inputs& in) const { return ops::int8::add(in[0], in[1], params); }
  QParams output() const { return params.output; }
  std::vector<QParams> made_for() const { return {params.a, params.b}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Add {
  static constexpr Info kInfo{.name = "add",
                              .inputs = 2,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::own,
                              .layout = Layout::any,
                              .takes_relu = true};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"Add"}; }
  Tensor run(const Inputs& in) const { return ops::add(in[0], in[1]); }
  QuantizedAdd to_int8(const Int8Form& form) const { return {{form.in[0], form.in[1], form.output, form.relu, form.engine}}; }
};

}  // namespace octet::nn::op
