// conv_transpose2d: x [N, C, H, W], weight [C, K/G, R, S], bias [K] -> y [N, K, P, Q]. int8: ops/int8/conv_transpose2d.h, codes
// [N, H, W, C] -> [N, P, Q, K]; a relu behind it stays a call of its own. torch.nn.ConvTranspose2d,
// torch.ao.nn.quantized.ConvTranspose2d.
#pragma once

#include <memory>

#include "nn/graph/ops/layer.h"
#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/conv/conv_transpose2d.h"
#include "ops/int8/conv_transpose2d.h"

namespace octet::nn::op {

void visit_options(auto&& visit, ops::ConvTranspose2dOptions& o) {
  visit("groups", o.groups, int64_t{1}, int64_t{INT32_MAX});
  visit("stride", o.stride);
  visit("padding", o.padding);
  visit("output_padding", o.output_padding);
  visit.unless("dilation", o.dilation, ops::Size2(1));
}

struct QuantizedConvTranspose2d {
  std::shared_ptr<const ops::int8::ConvTranspose2d> layer;

  static constexpr Info kInfo{.name = "quantized_conv_transpose2d",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::planes};
  void fields(auto&& visit) {
    ops::int8::ConvTranspose2dParams p = layer ? layer->params() : ops::int8::ConvTranspose2dParams{};
    visit_layer(visit, p);
    visit_options(visit, p.options);
    if (!layer) layer = std::make_shared<const ops::int8::ConvTranspose2d>(std::move(p));
  }
  Description describe(const Parameters&) const {
    const auto& p = layer->params();
    return {"QuantizedConvTranspose2d", str(conv_transpose_shape_text(p.weight, p.options), ", ", qparams_text(p.output),
                                            conv_transpose_tail_text(p.options), p.bias.defined() ? "" : ", bias=False")};
  }
  Tensor run(const Inputs& in) const { return (*layer)(in[0]); }
  QParams output() const { return layer->params().output; }
  std::vector<QParams> made_for() const { return {layer->params().input}; }
  double differs_from_fake_quant(const Tensor&) const { return rounding_of_bias(*layer); }
};

struct ConvTranspose2d {
  ops::ConvTranspose2dOptions options;

  static constexpr Info kInfo{.name = "conv_transpose2d",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::own,
                              .layout = Layout::planes,
                              .object_type = "ConvTranspose2d",
                              .has_weight = true,
                              .one_weight_scale = true,
                              .parameters = {"weight"}};
  void fields(auto&& visit) { visit_options(visit, options); }
  Description describe(const Parameters& p) const {
    return {"ConvTranspose2d", str(conv_transpose_shape_text(p.at("weight"), options), conv_transpose_tail_text(options),
                                   p.contains("bias") ? "" : ", bias=False")};
  }
  int64_t output_channels(const Tensor& weight) const { return weight.size(1) * options.groups; }
  Tensor run(const Inputs& in) const {
    return ops::conv_transpose2d(in[0], in.parameter("weight"), in.parameter("bias"), options);
  }
  QuantizedConvTranspose2d to_int8(const Int8Form& form) const {
    OCTET_CHECK(form.weights.scale.size() == 1, "a transposed convolution has one scale for all of its weight, got ",
                form.weights.scale.size(), "; give it a QConfig of its own (object_type \"ConvTranspose2d\")");
    return {std::make_shared<const ops::int8::ConvTranspose2d>(ops::int8::ConvTranspose2dParams{
        {form.weights.codes, form.weights.scale, form.weights.bias, false, form.engine, form.in[0], form.output}, options})};
  }
};

}  // namespace octet::nn::op
