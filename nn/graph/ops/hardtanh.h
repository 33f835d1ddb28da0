// hardtanh: y = min(max(x, low), high). int8: a clamp of codes between those of the two; the input's scale stays. torch.nn.Hardtanh.
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/elementwise.h"
#include "ops/int8/elementwise.h"
#include "ops/int8/quantize.h"

namespace octet::nn::op {

inline Description hardtanh_text(float low, float high) {
  return {"Hardtanh", str("min_val=", shortest(low), ", max_val=", shortest(high))};
}

struct QuantizedHardtanh {
  float low = -1, high = 1;
  int32_t low_code = 0, high_code = 255;

  static constexpr Info kInfo{.name = "quantized_hardtanh",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::of_input,
                              .layout = Layout::any};
  void fields(auto&& visit) {
    visit("low", low);
    visit("high", high);
    visit.code("low_code", low_code);
    visit.code("high_code", high_code);
  }
  void check() const { OCTET_CHECK(low <= high, "hardtanh: from ", low, " to ", high, ", expected the lower bound first"); }
  Description describe(const Parameters&) const { return hardtanh_text(low, high); }
  Tensor run(const Inputs& in) const { return ops::int8::clamp(in[0], low_code, high_code); }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Hardtanh {
  float low = -1, high = 1;

  static constexpr Info kInfo{.name = "hardtanh",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::of_input,
                              .layout = Layout::any,
                              .shares_observer = true};
  void fields(auto&& visit) {
    visit("low", low);
    visit("high", high);
  }
  void check() const { OCTET_CHECK(low <= high, "hardtanh: from ", low, " to ", high, ", expected the lower bound first"); }
  Description describe(const Parameters&) const { return hardtanh_text(low, high); }
  Tensor run(const Inputs& in) const { return ops::activate({ops::Activation::hardtanh, low, high}, in[0]); }
  QuantizedHardtanh to_int8(const Int8Form& form) const {
    const QParams q = form.in[0];
    const auto code = [&](float value) {
      return ops::int8::quantize_value(value, 1.0f / q.scale, q.zero_point, ops::int8::code_range(DType::quint8));
    };
    return {low, high, code(low), code(high)};
  }
};

}  // namespace octet::nn::op
