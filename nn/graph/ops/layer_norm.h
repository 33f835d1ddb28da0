// layer_norm: the last dimensions of each image with mean 0 and variance 1, then a factor and a summand for each element of them. It
// stays float: FX's int8 form is not here. torch.nn.LayerNorm.   [N, C] or [N, C, H, W]; weight and bias [normalized_shape], or none
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/layer_norm.h"

namespace octet::nn::op {

struct LayerNorm {
  std::vector<int64_t> normalized_shape;
  float eps = 1e-5f;

  static constexpr Info kInfo{.name = "layer_norm",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::none,
                              .layout = Layout::planes,
                              .may_have = {"weight", "bias"}};
  void fields(auto&& visit) {
    visit("normalized_shape", normalized_shape, int64_t{1}, int64_t{INT32_MAX});
    visit("eps", eps);
  }
  void check() const { OCTET_CHECK(eps >= 0, "eps ", eps, ": expected at least 0"); }
  Description describe(const Parameters& p) const {
    return {"LayerNorm", str(list_text(normalized_shape), ", eps=", shortest(eps),
                             ", elementwise_affine=", p.contains("weight") ? "True" : "False")};
  }
  Tensor run(const Inputs& in) const {
    const Shape over(normalized_shape.begin(), normalized_shape.end());
    return ops::layer_norm(in[0], over, in.parameter("weight"), in.parameter("bias"), eps);
  }
};

}  // namespace octet::nn::op
