// relu: y = max(x, 0). int8: codes below the zero point become the zero point; the input's scale stays. torch.nn.ReLU.
// Behind a convolution, linear layer or addition it is part of that.
#pragma once

#include "nn/graph/ops/page.h"
#include "ops/elementwise.h"
#include "ops/int8/elementwise.h"

namespace octet::nn::op {

struct QuantizedRelu {
  int32_t zero_point = 0;

  static constexpr Info kInfo{.name = "quantized_relu",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::of_input,
                              .layout = Layout::any};
  void fields(auto&& visit) { visit.code("zero_point", zero_point); }
  Description describe(const Parameters&) const { return {"ReLU"}; }
  Tensor run(const Inputs& in) const { return ops::int8::clamp(in[0], zero_point, 255); }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Relu {
  static constexpr Info kInfo{.name = "relu",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::of_input,
                              .layout = Layout::any,
                              .shares_observer = true};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"ReLU"}; }
  Tensor run(const Inputs& in) const { return ops::relu(in[0]); }
  QuantizedRelu to_int8(const Int8Form& form) const { return {form.in[0].zero_point}; }
};

}  // namespace octet::nn::op
