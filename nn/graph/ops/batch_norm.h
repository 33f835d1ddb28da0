// batch_norm: y = (x - running_mean) / sqrt(running_var + eps) * weight + bias of each channel. Behind a convolution it is folded
// into that; elsewhere it stays float.   [N, C] (torch.nn.BatchNorm1d) or [N, C, H, W] (torch.nn.BatchNorm2d)
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/batch_norm.h"

namespace octet::nn::op {

struct BatchNorm {
  float eps = 1e-5f;
  float momentum = 0.1f;
  int64_t dims = 1;  // 2: of images, as PyTorch has a class for each

  static constexpr Info kInfo{.name = "batch_norm",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::none,
                              .layout = Layout::planes,
                              .parameters = {"weight", "bias", "running_mean", "running_var"}};
  void fields(auto&& visit) {
    visit("eps", eps);
    visit("momentum", momentum);
    visit.unless("dims", dims, int64_t{1}, int64_t{1}, int64_t{2});
  }
  void check() const { OCTET_CHECK(eps >= 0, "eps ", eps, ": expected at least 0"); }
  Description describe(const Parameters& p) const {
    return {str("BatchNorm", dims, "d"), str(p.at("weight").size(0), ", eps=", shortest(eps), ", momentum=", shortest(momentum),
                                             ", affine=True, track_running_stats=True")};
  }
  Tensor run(const Inputs& in) const {
    return ops::batch_norm(
        in[0], {in.parameter("weight"), in.parameter("bias"), in.parameter("running_mean"), in.parameter("running_var"), eps});
  }
};

}  // namespace octet::nn::op
