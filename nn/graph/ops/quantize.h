// From real values to codes and back. torch.quantize_per_tensor, Tensor.dequantize.
//   float32 [N, C, H, W] or [N, C] <-> quint8 [N, H, W, C] or [N, C]
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/int8/quantize.h"

namespace octet::nn::op {

struct Quantize {
  QParams to;

  static constexpr Info kInfo{.name = "quantize",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::planes};
  void fields(auto&& visit) { visit("output", to); }
  Description describe(const Parameters&) const { return {"Quantize", qparams_text(to)}; }
  Tensor run(const Inputs& in) const { return ops::int8::quantize(in[0], to); }
  QParams output() const { return to; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Dequantize {
  QParams from;

  static constexpr Info kInfo{.name = "dequantize",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::floats,
                              .scale = Scale::none,
                              .layout = Layout::planes};
  void fields(auto&& visit) { visit("input", from); }
  Description describe(const Parameters&) const { return {"DeQuantize"}; }
  Tensor run(const Inputs& in) const { return ops::int8::dequantize(in[0], from); }
  std::vector<QParams> made_for() const { return {from}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

}  // namespace octet::nn::op
