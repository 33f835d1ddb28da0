// silu: y = x / (1 + exp(-x)), also called swish. It has no int8 form in FX's default mapping, and stays float. torch.nn.SiLU.
#pragma once

#include "nn/graph/ops/page.h"
#include "ops/elementwise.h"

namespace octet::nn::op {

struct Silu {
  static constexpr Info kInfo{
      .name = "silu", .inputs = 1, .takes = Values::floats, .gives = Values::floats, .scale = Scale::none, .layout = Layout::any};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"SiLU"}; }
  Tensor run(const Inputs& in) const { return ops::activate(ops::Activation::silu, in[0]); }
};

}  // namespace octet::nn::op
