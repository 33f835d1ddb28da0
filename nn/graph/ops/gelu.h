// gelu: y = x * P(Z <= x) of a standard normal Z, or its approximation by tanh. It has no int8 form in FX's default mapping, and stays
// float. torch.nn.GELU.
#pragma once

#include "nn/graph/ops/page.h"
#include "ops/elementwise.h"

namespace octet::nn::op {

struct Gelu {
  bool by_tanh = false;

  static constexpr Info kInfo{
      .name = "gelu", .inputs = 1, .takes = Values::floats, .gives = Values::floats, .scale = Scale::none, .layout = Layout::any};
  void fields(auto&& visit) { visit("by_tanh", by_tanh); }
  Description describe(const Parameters&) const { return {"GELU", by_tanh ? "approximate='tanh'" : "approximate='none'"}; }
  Tensor run(const Inputs& in) const {
    return ops::activate(by_tanh ? ops::Activation::gelu_tanh : ops::Activation::gelu, in[0]);
  }
};

}  // namespace octet::nn::op
