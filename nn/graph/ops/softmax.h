// softmax over channels: numbers that sum to 1. int8: ops/softmax.h; the result always has scale 1/256 and zero point 0. FX quantizes
// the module torch.nn.Softmax, and leaves torch.softmax in float.
//   [N, C] or [N, C, H, W]; codes [N, C] or [N, H, W, C]
#pragma once

#include "nn/graph/ops/page.h"
#include "ops/softmax.h"

namespace octet::nn::op {

struct QuantizedSoftmax {
  QParams input;
  Engine engine = Engine::qnnpack;

  static constexpr Info kInfo{.name = "quantized_softmax",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::fixed,
                              .layout = Layout::planes,
                              .fixed = ops::int8::kSoftmaxQParams};
  void fields(auto&& visit) {
    visit("input", input);
    visit.engine(engine);
  }
  Description describe(const Parameters&) const { return {"QuantizedSoftmax", "dim=1"}; }
  Tensor run(const Inputs& in) const { return ops::int8::softmax(in[0], input, ops::int8::rules_of(engine).softmax); }
  std::vector<QParams> made_for() const { return {input}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Softmax {
  static constexpr Info kInfo{.name = "softmax",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::fixed,
                              .layout = Layout::planes,
                              .fixed = ops::int8::kSoftmaxQParams};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"Softmax", "dim=1"}; }
  Tensor run(const Inputs& in) const { return ops::softmax(in[0]); }
  QuantizedSoftmax to_int8(const Int8Form& form) const { return {form.in[0], form.engine}; }
};

}  // namespace octet::nn::op
