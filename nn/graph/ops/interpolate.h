// interpolate: images of another size, by the nearest pixel or between four. int8: the same of the codes; the input's scale stays.
// FX quantizes torch.nn.functional.interpolate, and leaves the module torch.nn.Upsample in float.
//   [N, C, H, W] -> [N, C, P, Q]; codes [N, H, W, C] -> [N, P, Q, C]
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/interpolate.h"

namespace octet::nn::op {

void visit_options(auto&& visit, ops::InterpolateOptions& o) {
  bool bilinear = o.mode == ops::InterpolateMode::bilinear;
  visit("bilinear", bilinear);
  o.mode = bilinear ? ops::InterpolateMode::bilinear : ops::InterpolateMode::nearest;
  visit("align_corners", o.align_corners);
  visit("size", o.size);
  visit("factor_h", o.factor_h);
  visit("factor_w", o.factor_w);
}

/// "scale_factor=(2.0, 2.0), mode='bilinear'".
inline std::string interpolate_text(const ops::InterpolateOptions& o) {
  return str(
      o.size.h ? str("size=", o.size) : str("scale_factor=(", python_float(o.factor_h), ", ", python_float(o.factor_w), ")"),
      ", mode='", o.mode == ops::InterpolateMode::bilinear ? "bilinear" : "nearest", "'",
      o.align_corners ? ", align_corners=True" : "");
}

struct QuantizedInterpolate {
  ops::InterpolateOptions options;
  QParams qparams;

  static constexpr Info kInfo{.name = "quantized_interpolate",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::planes};
  void fields(auto&& visit) {
    visit_options(visit, options);
    visit("output", qparams);
  }
  Description describe(const Parameters&) const { return {"Interpolate", interpolate_text(options)}; }
  Tensor run(const Inputs& in) const { return ops::int8::interpolate(in[0], options, qparams); }
  QParams output() const { return qparams; }
  std::vector<QParams> made_for() const { return {qparams}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Interpolate {
  ops::InterpolateOptions options;

  static constexpr Info kInfo{.name = "interpolate",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::of_input,
                              .layout = Layout::planes,
                              .shares_observer = true};
  void fields(auto&& visit) { visit_options(visit, options); }
  Description describe(const Parameters&) const { return {"Interpolate", interpolate_text(options)}; }
  Tensor run(const Inputs& in) const { return ops::interpolate(in[0], options); }
  QuantizedInterpolate to_int8(const Int8Form& form) const { return {options, form.in[0]}; }
};

}  // namespace octet::nn::op
