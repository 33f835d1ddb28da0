// group_norm: groups of channels of each image with mean 0 and variance 1, then a factor and a summand for each channel. As many groups
// as channels make it instance norm. It stays float; FX has an int8 form of instance norm, which is not here.
// torch.nn.GroupNorm, InstanceNorm2d.   [N, C] or [N, C, H, W]; weight and bias [C], or none
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/layer_norm.h"

namespace octet::nn::op {

struct GroupNorm {
  int64_t groups = 1;  // 0: as many as channels
  float eps = 1e-5f;

  static constexpr Info kInfo{.name = "group_norm",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::none,
                              .layout = Layout::planes,
                              .may_have = {"weight", "bias"}};
  void fields(auto&& visit) {
    visit("groups", groups, int64_t{0}, int64_t{INT32_MAX});
    visit("eps", eps);
  }
  void check() const { OCTET_CHECK(eps >= 0, "eps ", eps, ": expected at least 0"); }
  Description describe(const Parameters&) const {
    return groups == 0 ? Description{"InstanceNorm2d", str("eps=", shortest(eps))}
                       : Description{"GroupNorm", str(groups, ", eps=", shortest(eps))};
  }
  Tensor run(const Inputs& in) const {
    const int64_t as_many = groups == 0 && in[0].dim() > 1 ? in[0].size(1) : groups;
    return ops::group_norm(in[0], as_many, in.parameter("weight"), in.parameter("bias"), eps);
  }
};

}  // namespace octet::nn::op
