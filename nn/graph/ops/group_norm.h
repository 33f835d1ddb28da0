// group_norm: groups of channels of each image with mean 0 and variance 1, then a factor and a summand for each channel. As many groups
// as channels make it instance norm, which has an int8 form (ops/int8/layer_norm.h); the others stay float, as in FX.
// torch.nn.GroupNorm, InstanceNorm2d.   [N, C] or [N, C, H, W]; weight and bias [C], or none
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/int8/layer_norm.h"
#include "ops/layer_norm.h"

namespace octet::nn::op {

struct QuantizedInstanceNorm {
  ops::int8::NormCodes codes;

  static constexpr Info kInfo{.name = "quantized_instance_norm",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::planes,
                              .may_have = {"weight", "bias"}};
  void fields(auto&& visit) {
    visit("input", codes.input);
    visit("output", codes.output);
    visit("eps", codes.eps);
  }
  void check() const { OCTET_CHECK(codes.eps >= 0, "eps ", codes.eps, ": expected at least 0"); }
  Description describe(const Parameters&) const { return {"QuantizedInstanceNorm2d", str("eps=", shortest(codes.eps))}; }
  Tensor run(const Inputs& in) const {
    return ops::int8::instance_norm(in[0], in.parameter("weight"), in.parameter("bias"), codes);
  }
  QParams output() const { return codes.output; }
  std::vector<QParams> made_for() const { return {codes.input}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct GroupNorm {
  int64_t groups = 1;  // 0: as many as channels
  float eps = 1e-5f;

  static constexpr Info kInfo{.name = "group_norm",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::own,
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
  bool has_int8_form() const { return groups == 0; }
  QuantizedInstanceNorm to_int8(const Int8Form& form) const { return {{form.in[0], form.output, eps}}; }
};

}  // namespace octet::nn::op
