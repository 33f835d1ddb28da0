// avg_pool2d: the mean of each window. int8: the mean of codes, rounded as the engine does; the input's scale stays (FX).
// torch.nn.AvgPool2d, torch.nn.functional.avg_pool2d.   [N, C, H, W] -> [N, C, P, Q]; codes [N, H, W, C] -> [N, P, Q, C]
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/int8/pool.h"
#include "ops/pool.h"

namespace octet::nn::op {

void visit_options(auto&& visit, ops::AvgPool2dOptions& o) {
  visit.group("options", [&](auto&& inside) {
    inside("kernel", o.kernel);
    inside("stride", o.stride);
    inside("padding", o.padding);
    inside("ceil_mode", o.ceil_mode);
    inside("count_include_pad", o.count_include_pad);
    inside("divisor_override", o.divisor_override, int64_t{0}, ops::kLargestWindow);
  });
}

struct QuantizedAvgPool2d {
  ops::AvgPool2dOptions options;
  QParams qparams;
  Engine engine = Engine::qnnpack;
  QParams input = qparams;  // another one only in files of ONNX

  static constexpr Info kInfo{.name = "quantized_avg_pool2d",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::planes};
  void fields(auto&& visit) {
    visit_options(visit, options);
    visit("output", qparams);
    visit.unless("input", input, qparams);
    visit.engine(engine);
  }
  Description describe(const Parameters&) const { return {"AvgPool2d", avg_pool_text(options)}; }
  Tensor run(const Inputs& in) const { return ops::int8::avg_pool2d(in[0], options, input, engine, qparams); }
  QParams output() const { return qparams; }
  std::vector<QParams> made_for() const { return {input}; }
  /// As of QuantizedAdaptiveAvgPool2d. A window at the border may have an even size, too.
  double differs_from_fake_quant(const Tensor&) const {
    const int64_t window = options.kernel.h * options.kernel.w;
    const bool some_smaller = options.ceil_mode || !options.count_include_pad;
    return window % 2 == 0 || some_smaller ? 1.0 / static_cast<double>(std::max<int64_t>(window / 2, 2)) : 0;
  }
};

struct AvgPool2d {
  ops::AvgPool2dOptions options;

  static constexpr Info kInfo{.name = "avg_pool2d",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::of_input,
                              .layout = Layout::planes,
                              .shares_observer = true};
  void fields(auto&& visit) { visit_options(visit, options); }
  Description describe(const Parameters&) const { return {"AvgPool2d", avg_pool_text(options)}; }
  Tensor run(const Inputs& in) const { return ops::avg_pool2d(in[0], options); }
  QuantizedAvgPool2d to_int8(const Int8Form& form) const { return {options, form.in[0], form.engine}; }
};

}  // namespace octet::nn::op
