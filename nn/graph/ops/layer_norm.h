// layer_norm: the last dimensions of each image with mean 0 and variance 1, then a factor and a summand for each element of them.
// int8: ops/int8/layer_norm.h. torch.nn.LayerNorm.   [N, C] or [N, C, H, W]; weight and bias [normalized_shape], or none
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/int8/layer_norm.h"
#include "ops/layer_norm.h"

namespace octet::nn::op {

inline Description layer_norm_text(const char* type, const std::vector<int64_t>& over, float eps, const Parameters& p) {
  return {type, str(list_text(over), ", eps=", shortest(eps), ", elementwise_affine=", p.contains("weight") ? "True" : "False")};
}

struct QuantizedLayerNorm {
  std::vector<int64_t> normalized_shape;
  ops::int8::NormCodes codes;

  static constexpr Info kInfo{.name = "quantized_layer_norm",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::planes,
                              .may_have = {"weight", "bias"}};
  void fields(auto&& visit) {
    visit("normalized_shape", normalized_shape, int64_t{1}, int64_t{INT32_MAX});
    visit("input", codes.input);
    visit("output", codes.output);
    visit("eps", codes.eps);
  }
  void check() const { OCTET_CHECK(codes.eps >= 0, "eps ", codes.eps, ": expected at least 0"); }
  Description describe(const Parameters& p) const {
    return layer_norm_text("QuantizedLayerNorm", normalized_shape, codes.eps, p);
  }
  Tensor run(const Inputs& in) const {
    const Shape over(normalized_shape.begin(), normalized_shape.end());
    return ops::int8::layer_norm(in[0], over, in.parameter("weight"), in.parameter("bias"), codes);
  }
  QParams output() const { return codes.output; }
  std::vector<QParams> made_for() const { return {codes.input}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct LayerNorm {
  std::vector<int64_t> normalized_shape;
  float eps = 1e-5f;

  static constexpr Info kInfo{.name = "layer_norm",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::own,
                              .layout = Layout::planes,
                              .may_have = {"weight", "bias"}};
  void fields(auto&& visit) {
    visit("normalized_shape", normalized_shape, int64_t{1}, int64_t{INT32_MAX});
    visit("eps", eps);
  }
  void check() const { OCTET_CHECK(eps >= 0, "eps ", eps, ": expected at least 0"); }
  Description describe(const Parameters& p) const { return layer_norm_text("LayerNorm", normalized_shape, eps, p); }
  Tensor run(const Inputs& in) const {
    const Shape over(normalized_shape.begin(), normalized_shape.end());
    return ops::layer_norm(in[0], over, in.parameter("weight"), in.parameter("bias"), eps);
  }
  QuantizedLayerNorm to_int8(const Int8Form& form) const { return {normalized_shape, {form.in[0], form.output, eps}}; }
};

}  // namespace octet::nn::op
