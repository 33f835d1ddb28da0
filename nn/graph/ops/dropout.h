// dropout: the identity, except in training. int8: the same codes. torch.nn.Dropout, torch.ao.nn.quantized.Dropout.
// It has an observer of its own in PyTorch, whose answer convert_fx does not use.
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"

namespace octet::nn::op {

struct QuantizedDropout {
  float p = 0.5f;

  static constexpr Info kInfo{.name = "quantized_dropout",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::of_input,
                              .layout = Layout::any};
  void fields(auto&& visit) { visit("p", p); }
  Description describe(const Parameters&) const { return {"QuantizedDropout", str("p=", shortest(p), ", inplace=False")}; }
  Tensor run(const Inputs& in) const { return in[0]; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Dropout {
  float p = 0.5f;

  static constexpr Info kInfo{.name = "dropout",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::of_input,
                              .layout = Layout::any};
  void fields(auto&& visit) { visit("p", p); }
  Description describe(const Parameters&) const { return {"Dropout", str("p=", shortest(p), ", inplace=False")}; }
  Tensor run(const Inputs& in) const { return in[0]; }
  QuantizedDropout to_int8(const Int8Form&) const { return {p}; }
};

}  // namespace octet::nn::op
