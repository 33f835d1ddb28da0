// cat: inputs side by side along the channels. int8: with the first input's scale; the codes of others are rounded to it.
// torch.cat(xs, 1).   [N, C1, H, W], [N, C2, H, W], ... -> [N, C1 + C2 + ..., H, W]; [N, C] likewise
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/elementwise.h"
#include "ops/int8/elementwise.h"

namespace octet::nn::op {

struct QuantizedCat {
  std::vector<QParams> inputs;
  QParams qparams;

  static constexpr Info kInfo{.name = "quantized_cat",
                              .inputs = kAnyNumber,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::planes};
  void fields(auto&& visit) {
    visit("parts", inputs);
    visit("output", qparams);
  }
  Description describe(const Parameters&) const { return {"QuantizedCat", qparams_text(qparams)}; }
  Tensor run(const Inputs& in) const { return ops::int8::cat_channels(in.values, inputs, qparams); }
  QParams output() const { return qparams; }
  std::vector<QParams> made_for() const { return inputs; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Cat {
  static constexpr Info kInfo{.name = "cat",
                              .inputs = kAnyNumber,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::of_input,
                              .layout = Layout::planes,
                              .shares_observer = true,
                              .one_scale = true};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"Cat"}; }
  Tensor run(const Inputs& in) const { return ops::cat_channels(in.values); }
  QuantizedCat to_int8(const Int8Form& form) const { return {form.in, form.in[0]}; }
};

}  // namespace octet::nn::op
