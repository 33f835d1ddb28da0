// What int8 convolutions and linear layers have in common: their attributes, and what their bias costs.
#pragma once

#include "nn/graph/ops/page.h"
#include "ops/int8/conv2d.h"

namespace octet::nn::op {

void visit_layer(auto&& visit, ops::int8::QuantizedLayer& p) {
  visit("input", p.input);
  visit("output", p.output);
  visit("relu", p.relu);
  visit.engine(p.engine);
  visit.tensor("weight", p.weight);
  visit.scales("weight_scale", p.weight_scale);
  visit.optional_tensor("bias", p.bias);
}

/// Mean over channels of how far, in codes of the output, the integer bias is from the float one (quant/checks/compare.h).
double rounding_of_bias(const auto& layer) {
  const ops::int8::QuantizedLayer& p = layer.params();
  if (!p.bias.defined() || layer.requantization().epilogue != ops::int8::Epilogue::int32_bias) return 0;
  double sum = 0;
  const int64_t channels = p.bias.numel();
  for (int64_t k = 0; k < channels; ++k) {
    const double scale = static_cast<double>(p.input.scale) * ops::int8::scale_of(p.weight_scale, k);
    const double steps = p.bias.data<float>()[k] / scale;
    sum += std::abs(std::nearbyint(steps) - steps) * scale / p.output.scale;
  }
  return sum / static_cast<double>(channels);
}

}  // namespace octet::nn::op
