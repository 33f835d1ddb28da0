// relu6: y = min(max(x, 0), 6). int8: a clamp of codes between those of 0 and 6; the input's scale stays. torch.nn.ReLU6.
#pragma once

#include "nn/graph/ops/page.h"
#include "ops/elementwise.h"
#include "ops/int8/elementwise.h"
#include "ops/int8/quantize.h"

namespace octet::nn::op {

struct QuantizedRelu6 {
  int32_t zero_point = 0, six = 255;  // the codes of 0 and 6

  static constexpr Info kInfo{.name = "quantized_relu6",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::of_input,
                              .layout = Layout::any};
  void fields(auto&& visit) {
    visit.code("zero_point", zero_point);
    visit.code("six", six);
  }
  Description describe(const Parameters&) const { return {"ReLU6"}; }
  Tensor run(const Inputs& in) const { return ops::int8::clamp(in[0], zero_point, six); }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Relu6 {
  static constexpr Info kInfo{.name = "relu6",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::of_input,
                              .layout = Layout::any,
                              .shares_observer = true};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"ReLU6"}; }
  Tensor run(const Inputs& in) const { return ops::activate(ops::Activation::relu6, in[0]); }
  QuantizedRelu6 to_int8(const Int8Form& form) const {
    const QParams q = form.in[0];
    return {q.zero_point, ops::int8::quantize_value(6.0f, 1.0f / q.scale, q.zero_point, ops::int8::code_range(DType::quint8))};
  }
};

}  // namespace octet::nn::op
