// adaptive_max_pool2d: the largest value of each of output_size windows. It has no int8 form in FX and stays float.
// torch.nn.AdaptiveMaxPool2d.   [N, C, H, W] -> [N, C, P, Q]
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/pool.h"

namespace octet::nn::op {

struct AdaptiveMaxPool2d {
  ops::Size2 output_size;

  static constexpr Info kInfo{.name = "adaptive_max_pool2d",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::none,
                              .layout = Layout::has_twin};
  void fields(auto&& visit) { visit("size", output_size); }
  Description describe(const Parameters&) const { return {"AdaptiveMaxPool2d", str("output_size=", size_text(output_size))}; }
  Tensor run(const Inputs& in) const { return ops::adaptive_max_pool2d(in[0], output_size); }
};

}  // namespace octet::nn::op
