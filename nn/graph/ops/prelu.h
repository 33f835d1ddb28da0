// prelu: y = x where it is positive, weight * x elsewhere, with a learned weight for all channels or for each. It stays float: FX has an
// int8 form, torch.ao.nn.quantized.PReLU, whose state_dict is empty, so that its weight is lost when it is saved, and whose codes of
// positive values are wrong (docs/known-differences.md). torch.nn.PReLU.
#pragma once

#include "nn/graph/ops/page.h"
#include "ops/prelu.h"

namespace octet::nn::op {

struct PRelu {
  static constexpr Info kInfo{.name = "prelu",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::none,
                              .layout = Layout::planes,
                              .parameters = {"weight"}};
  void fields(auto&&) {}
  Description describe(const Parameters& p) const { return {"PReLU", str("num_parameters=", p.at("weight").numel())}; }
  Tensor run(const Inputs& in) const { return ops::prelu(in[0], in.parameter("weight")); }
};

}  // namespace octet::nn::op
