// tanh: y = (exp(x) - exp(-x)) / (exp(x) + exp(-x)). int8: a table of 256 codes; the result always has
// scale 1/128 and zero point 128, as FX's default mapping has it. torch.nn.Tanh, torch.tanh.
#pragma once

#include "nn/graph/ops/page.h"
#include "ops/elementwise.h"
#include "ops/int8/elementwise.h"

namespace octet::nn::op {

constexpr QParams kTanhQParams = {1.0f / 128, 128};

struct QuantizedTanh {
  QParams input;

  static constexpr Info kInfo{.name = "quantized_tanh",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::fixed,
                              .layout = Layout::any,
                              .fixed = kTanhQParams};
  void fields(auto&& visit) { visit("input", input); }
  Description describe(const Parameters&) const { return {"Tanh"}; }
  Tensor run(const Inputs& in) const {
    return ops::int8::lookup(in[0], ops::int8::table_of(ops::Activation::tanh, input, kTanhQParams));
  }
  std::vector<QParams> made_for() const { return {input}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Tanh {
  static constexpr Info kInfo{.name = "tanh",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::fixed,
                              .layout = Layout::any,
                              .fixed = kTanhQParams};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"Tanh"}; }
  Tensor run(const Inputs& in) const { return ops::activate(ops::Activation::tanh, in[0]); }
  QuantizedTanh to_int8(const Int8Form& form) const { return {form.in[0]}; }
};

}  // namespace octet::nn::op
