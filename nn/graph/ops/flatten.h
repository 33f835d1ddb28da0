// flatten: [N, C, H, W] -> [N, C*H*W], the same values. int8: the same codes. torch.flatten(x, 1), torch.nn.Flatten.
#pragma once

#include "nn/graph/ops/page.h"
#include "ops/elementwise.h"
#include "ops/int8/elementwise.h"

namespace octet::nn::op {

struct QuantizedFlatten {
  static constexpr Info kInfo{.name = "quantized_flatten",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::of_input,
                              .layout = Layout::planes};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"Flatten"}; }
  Tensor run(const Inputs& in) const { return ops::int8::flatten(in[0]); }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Flatten {
  static constexpr Info kInfo{.name = "flatten",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::of_input,
                              .layout = Layout::planes,
                              .shares_observer = true};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"Flatten"}; }
  Tensor run(const Inputs& in) const { return ops::flatten(in[0]); }
  QuantizedFlatten to_int8(const Int8Form&) const { return {}; }
};

}  // namespace octet::nn::op
