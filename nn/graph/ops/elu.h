// elu: y = x where it is positive, alpha * (exp(x) - 1) elsewhere. int8: a table of 256 codes. torch.nn.ELU.
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/elementwise.h"
#include "ops/int8/elementwise.h"

namespace octet::nn::op {

struct QuantizedElu {
  float alpha = 1;
  QParams input, qparams;

  static constexpr Info kInfo{.name = "quantized_elu",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::any};
  void fields(auto&& visit) {
    visit("alpha", alpha);
    visit("input", input);
    visit("output", qparams);
  }
  Description describe(const Parameters&) const { return {"QuantizedELU", str("alpha=", shortest(alpha))}; }
  Tensor run(const Inputs& in) const { return ops::int8::lookup(in[0], ops::int8::elu_table(alpha, input, qparams)); }
  QParams output() const { return qparams; }
  std::vector<QParams> made_for() const { return {input}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Elu {
  float alpha = 1;

  static constexpr Info kInfo{
      .name = "elu", .inputs = 1, .takes = Values::floats, .gives = Values::floats, .scale = Scale::own, .layout = Layout::any};
  void fields(auto&& visit) { visit("alpha", alpha); }
  Description describe(const Parameters&) const { return {"ELU", str("alpha=", shortest(alpha))}; }
  Tensor run(const Inputs& in) const { return ops::activate({ops::Activation::elu, alpha}, in[0]); }
  QuantizedElu to_int8(const Int8Form& form) const { return {alpha, form.in[0], form.output}; }
};

}  // namespace octet::nn::op
