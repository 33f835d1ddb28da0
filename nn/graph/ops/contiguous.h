// contiguous: the identity, because tensors always lie in order here; FX gives the call an observer, and so a name. int8: the same
// codes. x.contiguous().
#pragma once

#include "nn/graph/ops/page.h"

namespace octet::nn::op {

struct QuantizedContiguous {
  static constexpr Info kInfo{.name = "quantized_contiguous",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::of_input,
                              .layout = Layout::any};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"Contiguous"}; }
  Tensor run(const Inputs& in) const { return in[0]; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Contiguous {
  static constexpr Info kInfo{.name = "contiguous",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::of_input,
                              .layout = Layout::any,
                              .shares_observer = true};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"Contiguous"}; }
  Tensor run(const Inputs& in) const { return in[0]; }
  QuantizedContiguous to_int8(const Int8Form&) const { return {}; }
};

}  // namespace octet::nn::op
