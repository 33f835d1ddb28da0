// max_pool2d: the largest value of each window. int8: the largest code; the input's scale stays. torch.nn.MaxPool2d.
//   [N, C, H, W] -> [N, C, P, Q]; codes [N, H, W, C] -> [N, P, Q, C]
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/int8/pool.h"
#include "ops/pool.h"

namespace octet::nn::op {

void visit_options(auto&& visit, ops::MaxPool2dOptions& o) {
  visit.group("options", [&](auto&& inside) {
    inside("kernel", o.kernel);
    inside("stride", o.stride);
    inside("padding", o.padding);
    inside.unless("ceil_mode", o.ceil_mode, false);
    inside.unless("dilation", o.dilation, ops::Size2(1));
  });
}

struct QuantizedMaxPool2d {
  ops::MaxPool2dOptions options;

  static constexpr Info kInfo{.name = "quantized_max_pool2d",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::of_input,
                              .layout = Layout::planes};
  void fields(auto&& visit) { visit_options(visit, options); }
  Description describe(const Parameters&) const { return {"MaxPool2d", max_pool_text(options)}; }
  Tensor run(const Inputs& in) const { return ops::int8::max_pool2d(in[0], options); }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct MaxPool2d {
  ops::MaxPool2dOptions options;

  static constexpr Info kInfo{.name = "max_pool2d",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::of_input,
                              .layout = Layout::has_twin,
                              .shares_observer = true};
  void fields(auto&& visit) { visit_options(visit, options); }
  Description describe(const Parameters&) const { return {"MaxPool2d", max_pool_text(options)}; }
  Tensor run(const Inputs& in) const { return ops::max_pool2d(in[0], options); }
  QuantizedMaxPool2d to_int8(const Int8Form&) const { return {options}; }
};

}  // namespace octet::nn::op
