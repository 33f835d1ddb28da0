// mean: the mean of each channel over all pixels. int8: of the codes, rounded as the engine does; the input's scale stays. PyTorch
// asks qnnpack only where the dimensions are written as [2, 3]; for [-2, -1] and the like it takes the mean of reals.
// torch.mean(x, [2, 3]).   [N, C, H, W] -> [N, C], or [N, C, 1, 1] with keepdim; codes [N, H, W, C] -> [N, C] or [N, 1, 1, C]
#pragma once

#include "nn/graph/ops/page.h"
#include "ops/int8/mean.h"
#include "ops/pool.h"

namespace octet::nn::op {

struct QuantizedMean {
  bool keepdim = false;
  bool as_2_3 = true;  // how the dimensions are written
  QParams qparams;
  Engine engine = Engine::qnnpack;

  static constexpr Info kInfo{.name = "quantized_mean",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::planes};
  void fields(auto&& visit) {
    visit("keepdim", keepdim);
    visit("as_2_3", as_2_3);
    visit("output", qparams);
    visit.engine(engine);
  }
  Description describe(const Parameters&) const { return {"Mean"}; }
  Tensor run(const Inputs& in) const {
    using ops::int8::MeanRule;
    return ops::int8::mean(in[0], qparams, as_2_3 ? ops::int8::rules_of(engine).mean : MeanRule::of_reals, keepdim);
  }
  QParams output() const { return qparams; }
  std::vector<QParams> made_for() const { return {qparams}; }
  /// As of QuantizedAdaptiveAvgPool2d.
  double differs_from_fake_quant(const Tensor& input) const {  // [N, H, W, C]
    const int64_t pixels = input.size(1) * input.size(2);
    return pixels % 2 == 0 ? 1.0 / static_cast<double>(pixels) : 0;
  }
};

struct Mean {
  bool keepdim = false;
  bool as_2_3 = true;  // how the dimensions are written

  static constexpr Info kInfo{.name = "mean",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::of_input,
                              .layout = Layout::planes,
                              .shares_observer = true};
  void fields(auto&& visit) {
    visit("keepdim", keepdim);
    visit("as_2_3", as_2_3);
  }
  Description describe(const Parameters&) const { return {"Mean"}; }
  Tensor run(const Inputs& in) const { return ops::mean(in[0], keepdim); }
  QuantizedMean to_int8(const Int8Form& form) const { return {keepdim, as_2_3, form.in[0], form.engine}; }
};

}  // namespace octet::nn::op
