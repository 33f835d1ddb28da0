// hardswish: y = x * min(max(x + 3, 0), 6) / 6. int8: a table of 256 codes, rounded as the engine does. torch.nn.Hardswish.
#pragma once

#include "nn/graph/ops/page.h"
#include "ops/elementwise.h"
#include "ops/int8/elementwise.h"

namespace octet::nn::op {

struct QuantizedHardswish {
  QParams input, qparams;
  Engine engine = Engine::qnnpack;

  static constexpr Info kInfo{.name = "quantized_hardswish",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::any};
  void fields(auto&& visit) {
    visit("input", input);
    visit("output", qparams);
    visit.engine(engine);
  }
  Description describe(const Parameters&) const { return {"QuantizedHardswish"}; }
  Tensor run(const Inputs& in) const {
    const ops::int8::TableRule rule = ops::int8::rules_of(engine).hardswish;
    return ops::int8::lookup(in[0], ops::int8::table_of(ops::Activation::hardswish, input, qparams, rule));
  }
  QParams output() const { return qparams; }
  std::vector<QParams> made_for() const { return {input}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Hardswish {
  static constexpr Info kInfo{.name = "hardswish",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::own,
                              .layout = Layout::any};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"Hardswish"}; }
  Tensor run(const Inputs& in) const { return ops::activate(ops::Activation::hardswish, in[0]); }
  QuantizedHardswish to_int8(const Int8Form& form) const { return {form.in[0], form.output, form.engine}; }
};

}  // namespace octet::nn::op
