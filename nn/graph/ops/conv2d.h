// conv2d (+ relu): x [N, C, H, W], weight [K, C/G, R, S], bias [K] -> y [N, K, P, Q]. int8: ops/int8/conv2d.h, codes
// [N, H, W, C] -> [N, P, Q, K]. torch.nn.Conv2d, torch.ao.nn.quantized.Conv2d, ConvReLU2d.
#pragma once

#include <memory>

#include "nn/graph/ops/layer.h"
#include "nn/graph/ops/page.h"
#include "nn/graph/ops/qat.h"
#include "nn/graph/ops/text.h"
#include "ops/conv/conv2d.h"
#include "ops/elementwise.h"
#include "ops/int8/conv2d.h"

namespace octet::nn::op {

void visit_options(auto&& visit, ops::Conv2dOptions& o) {
  visit("groups", o.groups, int64_t{1}, int64_t{INT32_MAX});
  visit("stride", o.stride);
  visit("padding", o.padding);
  visit.unless("dilation", o.dilation, ops::Size2(1));
}

struct QuantizedConv2d {
  std::shared_ptr<const ops::int8::Conv2d> layer;

  static constexpr Info kInfo{.name = "quantized_conv2d",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::planes};
  void fields(auto&& visit) {
    ops::int8::Conv2dParams p = layer ? layer->params() : ops::int8::Conv2dParams{};
    visit_layer(visit, p);
    visit_options(visit, p.options);
    visit("choices", p.choices);
    if (!layer) layer = std::make_shared<const ops::int8::Conv2d>(std::move(p));
  }
  Description describe(const Parameters&) const {
    const auto& p = layer->params();
    return {p.relu ? "QuantizedConvReLU2d" : "QuantizedConv2d",
            str(conv_shape_text(p.weight, p.options), ", ", qparams_text(p.output), conv_tail_text(p.options),
                p.bias.defined() ? "" : ", bias=False")};
  }
  Tensor run(const Inputs& in) const { return (*layer)(in[0]); }
  QParams output() const { return layer->params().output; }
  std::vector<QParams> made_for() const { return {layer->params().input}; }
  double differs_from_fake_quant(const Tensor&) const { return rounding_of_bias(*layer); }
  std::string algorithm(const Shape& input) const { return std::string(name_of(layer->algorithm(input))); }
};

struct Conv2d {
  ops::Conv2dOptions options;
  bool relu = false;
  std::shared_ptr<const Qat> qat = {};

  static constexpr Info kInfo{.name = "conv2d",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::own,
                              .layout = Layout::has_twin,
                              .object_type = "Conv2d",
                              .has_weight = true,
                              .parameters = {"weight"}};
  void fields(auto&& visit) {
    visit("relu", relu);
    visit_options(visit, options);
  }
  Description describe(const Parameters& p) const {
    const bool bn = qat && qat->batch_norm;
    return {str("Conv", bn ? "Bn" : "", relu ? "ReLU" : "", "2d"),
            str(conv_shape_text(p.at("weight"), options), conv_tail_text(options), p.contains("bias") ? "" : ", bias=False")};
  }
  Tensor run(const Inputs& in) const {
    OCTET_CHECK(!qat || !qat->batch_norm, "batch norm inside a convolution is for training; fold it first");
    Tensor y = ops::conv2d(in[0], Qat::weight(qat.get(), in.parameter("weight")), in.parameter("bias"), options);
    if (relu) ops::relu_(y);
    return y;
  }
  QuantizedConv2d to_int8(const Int8Form& form) const {
    return {std::make_shared<const ops::int8::Conv2d>(ops::int8::Conv2dParams{
        {form.weights.codes, form.weights.scale, form.weights.bias, relu, form.engine, form.in[0], form.output}, options})};
  }
  std::string algorithm(const Shape&) const { return "im2col"; }
};

}  // namespace octet::nn::op
