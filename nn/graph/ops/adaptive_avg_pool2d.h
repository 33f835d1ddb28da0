// adaptive_avg_pool2d: the mean of each of output_size windows. int8: the mean of codes, rounded as the engine does; the input's
// scale stays. torch.nn.AdaptiveAvgPool2d.   [N, C, H, W] -> [N, C, P, Q]; codes [N, H, W, C] -> [N, P, Q, C]
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/int8/pool.h"
#include "ops/pool.h"

namespace octet::nn::op {

struct QuantizedAdaptiveAvgPool2d {
  ops::Size2 output_size;
  QParams qparams;
  Engine engine = Engine::qnnpack;
  QParams input = qparams;  // another one only in files of ONNX

  static constexpr Info kInfo{.name = "quantized_adaptive_avg_pool2d",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::planes};
  void fields(auto&& visit) {
    visit("size", output_size);
    visit("output", qparams);
    visit.unless("input", input, qparams);
    visit.engine(engine);
  }
  Description describe(const Parameters&) const { return {"AdaptiveAvgPool2d", str("output_size=", size_text(output_size))}; }
  Tensor run(const Inputs& in) const { return ops::int8::adaptive_avg_pool2d(in[0], output_size, input, engine, qparams); }
  QParams output() const { return qparams; }
  std::vector<QParams> made_for() const { return {input}; }
  /// A mean of n codes lies on a tie with probability 1/n if n is even; there the two round differently.
  double differs_from_fake_quant(const Tensor& input) const {  // [N, H, W, C]
    const int64_t window = input.size(1) * input.size(2) / (output_size.h * output_size.w);
    return window % 2 == 0 ? 1.0 / static_cast<double>(window) : 0;
  }
};

struct AdaptiveAvgPool2d {
  ops::Size2 output_size;

  static constexpr Info kInfo{.name = "adaptive_avg_pool2d",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::of_input,
                              .layout = Layout::has_twin,
                              .shares_observer = true};
  void fields(auto&& visit) { visit("size", output_size); }
  Description describe(const Parameters&) const { return {"AdaptiveAvgPool2d", str("output_size=", size_text(output_size))}; }
  Tensor run(const Inputs& in) const { return ops::adaptive_avg_pool2d(in[0], output_size); }
  QuantizedAdaptiveAvgPool2d to_int8(const Int8Form& form) const { return {output_size, form.in[0], form.engine}; }
};

}  // namespace octet::nn::op
