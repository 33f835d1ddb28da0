// linear (+ relu): x [N, C], weight [K, C], bias [K] -> y [N, K] = x * weight transposed + bias. int8: ops/int8/linear.h.
// torch.nn.Linear, torch.ao.nn.quantized.Linear, LinearReLU.
#pragma once

#include <memory>

#include "nn/graph/ops/layer.h"
#include "nn/graph/ops/page.h"
#include "nn/graph/ops/qat.h"
#include "nn/graph/ops/text.h"
#include "ops/elementwise.h"
#include "ops/int8/linear.h"
#include "ops/linear.h"

namespace octet::nn::op {

struct QuantizedLinear {
  std::shared_ptr<const ops::int8::Linear> layer;

  static constexpr Info kInfo{.name = "quantized_linear",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::own,
                              .layout = Layout::planes};
  void fields(auto&& visit) {
    ops::int8::LinearParams p = layer ? layer->params() : ops::int8::LinearParams{};
    visit_layer(visit, p);
    if (!layer) layer = std::make_shared<const ops::int8::Linear>(std::move(p));
  }
  Description describe(const Parameters&) const {
    const auto& p = layer->params();
    return {p.relu ? "QuantizedLinearReLU" : "QuantizedLinear",
            str("in_features=", p.weight.size(1), ", out_features=", p.weight.size(0), ", ", qparams_text(p.output),
                ", qscheme=", p.weight_scale.size() == 1 ? "torch.per_tensor_affine" : "torch.per_channel_affine")};
  }
  Tensor run(const Inputs& in) const { return (*layer)(in[0]); }
  QParams output() const { return layer->params().output; }
  std::vector<QParams> made_for() const { return {layer->params().input}; }
  double differs_from_fake_quant(const Tensor&) const { return rounding_of_bias(*layer); }
};

struct Linear {
  bool relu = false;
  std::shared_ptr<const Qat> qat = {};

  static constexpr Info kInfo{.name = "linear",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::own,
                              .layout = Layout::planes,
                              .object_type = "Linear",
                              .has_weight = true,
                              .parameters = {"weight"}};
  void fields(auto&& visit) { visit("relu", relu); }
  Description describe(const Parameters& p) const {
    const Tensor& w = p.at("weight");
    const bool bn = qat && qat->batch_norm;
    return {bn     ? "LinearBn1d"
            : relu ? "LinearReLU"
                   : "Linear",
            str("in_features=", w.size(1), ", out_features=", w.size(0), ", bias=", p.contains("bias") ? "True" : "False")};
  }
  Tensor run(const Inputs& in) const {
    OCTET_CHECK(!qat || !qat->batch_norm, "batch norm inside a linear layer is for training; fold it first");
    Tensor y = ops::linear(in[0], Qat::weight(qat.get(), in.parameter("weight")), in.parameter("bias"));
    if (relu) ops::relu_(y);
    return y;
  }
  QuantizedLinear to_int8(const Int8Form& form) const {
    return {std::make_shared<const ops::int8::Linear>(ops::int8::LinearParams{
        form.weights.codes, form.weights.scale, form.weights.bias, relu, form.engine, form.in[0], form.output})};
  }
};

}  // namespace octet::nn::op
