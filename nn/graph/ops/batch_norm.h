// batch_norm: y = (x - running_mean) / sqrt(running_var + eps) * weight + bias of each channel. Behind a convolution or a linear
// layer it is folded into that. Elsewhere that of images has an int8 form, with the relu behind it; that of rows stays float.
//   [N, C] (torch.nn.BatchNorm1d) or [N, C, H, W] (torch.nn.BatchNorm2d); codes [N, H, W, C]
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/batch_norm.h"
#include "ops/elementwise.h"
#include "ops/int8/batch_norm.h"

namespace octet::nn::op {

inline ops::BatchNormParams batch_norm_params(const Inputs& in, float eps) {
  return {in.parameter("weight"), in.parameter("bias"), in.parameter("running_mean"), in.parameter("running_var"), eps};
}

struct QuantizedBatchNorm {
  ops::int8::BatchNormCodes codes;
  float eps = 1e-5f;
  float momentum = 0.1f;

  static constexpr Info kInfo{.name = "quantized_batch_norm",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::planes,
                              .parameters = {"weight", "bias", "running_mean", "running_var"}};
  void fields(auto&& visit) {
    visit("input", codes.input);
    visit("output", codes.output);
    visit("relu", codes.relu);
    visit("eps", eps);
    visit("momentum", momentum);
  }
  void check() const { OCTET_CHECK(eps >= 0, "eps ", eps, ": expected at least 0"); }
  Description describe(const Parameters& p) const {
    return {codes.relu ? "QuantizedBNReLU2d" : "QuantizedBatchNorm2d", batch_norm_text(p.at("weight").size(0), eps, momentum)};
  }
  Tensor run(const Inputs& in) const { return ops::int8::batch_norm(in[0], batch_norm_params(in, eps), codes); }
  QParams output() const { return codes.output; }
  std::vector<QParams> made_for() const { return {codes.input}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct BatchNorm {
  float eps = 1e-5f;
  float momentum = 0.1f;
  int64_t dims = 1;   // 2: of images, as PyTorch has a class for each
  bool relu = false;  // fuse_relu

  static constexpr Info kInfo{.name = "batch_norm",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::own,
                              .layout = Layout::planes,
                              .object_type = "BatchNorm2d",
                              .parameters = {"weight", "bias", "running_mean", "running_var"}};
  void fields(auto&& visit) {
    visit("eps", eps);
    visit("momentum", momentum);
    visit.unless("dims", dims, int64_t{1}, int64_t{1}, int64_t{2});
    visit.unless("relu", relu, false);
  }
  void check() const { OCTET_CHECK(eps >= 0, "eps ", eps, ": expected at least 0"); }
  Description describe(const Parameters& p) const {
    return {relu ? "BNReLU2d" : str("BatchNorm", dims, "d"), batch_norm_text(p.at("weight").size(0), eps, momentum)};
  }
  Tensor run(const Inputs& in) const {
    Tensor y = ops::batch_norm(in[0], batch_norm_params(in, eps));
    if (relu) ops::relu_(y);
    return y;
  }
  bool has_int8_form() const { return dims == 2; }
  QuantizedBatchNorm to_int8(const Int8Form& form) const { return {{form.in[0], form.output, relu}, eps, momentum}; }
};

}  // namespace octet::nn::op
