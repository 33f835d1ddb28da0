// hardsigmoid: y = min(max(x + 3, 0), 6) / 6. int8: a table of 256 codes; the result always has
// scale 1/256 and zero point 0, as FX's default mapping has it. torch.nn.Hardsigmoid.
#pragma once

#include "nn/graph/ops/page.h"
#include "ops/elementwise.h"
#include "ops/int8/elementwise.h"

namespace octet::nn::op {

constexpr QParams kHardsigmoidQParams = {1.0f / 256, 0};

struct QuantizedHardsigmoid {
  QParams input;

  static constexpr Info kInfo{.name = "quantized_hardsigmoid",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::fixed,
                              .layout = Layout::any,
                              .fixed = kHardsigmoidQParams};
  void fields(auto&& visit) { visit("input", input); }
  Description describe(const Parameters&) const { return {"Hardsigmoid"}; }
  Tensor run(const Inputs& in) const {
    return ops::int8::lookup(in[0], ops::int8::table_of(ops::Activation::hardsigmoid, input, kHardsigmoidQParams));
  }
  std::vector<QParams> made_for() const { return {input}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Hardsigmoid {
  static constexpr Info kInfo{.name = "hardsigmoid",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::fixed,
                              .layout = Layout::any,
                              .fixed = kHardsigmoidQParams};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"Hardsigmoid"}; }
  Tensor run(const Inputs& in) const { return ops::activate(ops::Activation::hardsigmoid, in[0]); }
  QuantizedHardsigmoid to_int8(const Int8Form& form) const { return {form.in[0]}; }
};

}  // namespace octet::nn::op
