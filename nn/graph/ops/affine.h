// affine: y = x * weight + bias by constants that are no layer's: one number, or one for each channel. What x * 2, x - mean and x / std
// become. It stays float; FX adds and multiplies single numbers on codes.
//   [N, C] or [N, C, H, W]; weight and bias [C]
#pragma once

#include "nn/graph/ops/page.h"
#include "ops/batch_norm.h"

namespace octet::nn::op {

/// Batch norm's arithmetic, with mean 0 and variance 1.
inline ops::BatchNormParams affine_params(const Tensor& weight, const Tensor& bias) {
  const Device device = weight.device();
  return {weight, bias, Tensor::zeros(weight.shape(), DType::f32, device), Tensor::full(weight.shape(), 1).to(device), 0};
}

struct Affine {
  static constexpr Info kInfo{.name = "affine",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::none,
                              .layout = Layout::planes,
                              .parameters = {"weight", "bias"}};
  void fields(auto&&) {}
  Description describe(const Parameters& p) const { return {"Affine", str(p.at("weight").numel())}; }
  Tensor run(const Inputs& in) const {
    return ops::batch_norm(in[0], affine_params(in.parameter("weight"), in.parameter("bias")));
  }
};

}  // namespace octet::nn::op
