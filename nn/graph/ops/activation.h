// Any function of one value, from codes of one scale to codes of another: a table of 256 codes. FX has no such op; files of ONNX do, where
// each call has a scale of its own behind it: a sigmoid whose scale is not 1/256, SiLU, a relu that changes the scale.
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/int8/elementwise.h"

namespace octet::nn::op {

struct QuantizedActivation {
  ops::Activation function = ops::Activation::relu;
  QParams input, qparams;

  static constexpr Info kInfo{.name = "quantized_activation",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::any};
  void fields(auto&& visit) {
    visit("function", function);
    visit("input", input);
    visit("output", qparams);
  }
  Description describe(const Parameters&) const {
    return {"QuantizedActivation", str(name_of(function), ", ", qparams_text(qparams))};
  }
  Tensor run(const Inputs& in) const { return ops::int8::lookup(in[0], ops::int8::table_of(function, input, qparams)); }
  QParams output() const { return qparams; }
  std::vector<QParams> made_for() const { return {input}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

}  // namespace octet::nn::op
