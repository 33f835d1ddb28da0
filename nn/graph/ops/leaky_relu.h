// leaky_relu: y = x where it is positive, slope * x elsewhere. int8: a table of 256 codes. torch.nn.LeakyReLU.
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/elementwise.h"
#include "ops/int8/elementwise.h"

namespace octet::nn::op {

struct QuantizedLeakyRelu {
  float negative_slope = 0.01f;
  QParams input, qparams;

  static constexpr Info kInfo{.name = "quantized_leaky_relu",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::any};
  void fields(auto&& visit) {
    visit("negative_slope", negative_slope);
    visit("input", input);
    visit("output", qparams);
  }
  Description describe(const Parameters&) const {
    return {"QuantizedLeakyReLU", str("negative_slope=", shortest(negative_slope))};
  }
  Tensor run(const Inputs& in) const {
    return ops::int8::lookup(in[0], ops::int8::table_of({ops::Activation::leaky_relu, negative_slope}, input, qparams));
  }
  QParams output() const { return qparams; }
  std::vector<QParams> made_for() const { return {input}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct LeakyRelu {
  float negative_slope = 0.01f;

  static constexpr Info kInfo{.name = "leaky_relu",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::own,
                              .layout = Layout::any};
  void fields(auto&& visit) { visit("negative_slope", negative_slope); }
  Description describe(const Parameters&) const { return {"LeakyReLU", str("negative_slope=", shortest(negative_slope))}; }
  Tensor run(const Inputs& in) const { return ops::activate({ops::Activation::leaky_relu, negative_slope}, in[0]); }
  QuantizedLeakyRelu to_int8(const Int8Form& form) const { return {negative_slope, form.in[0], form.output}; }
};

}  // namespace octet::nn::op
