// fake_quantize: the prepared graph with every observer replaced by its answer. Arithmetic stays float32, but values and weights
// lie on the grid of the codes: what the int8 graph computes, up to the rounding of biases and of its requantization.
// PyTorch counterpart: torch.ao.quantization.FakeQuantize with its observer switched off. Codes are all that quint8 has, also
// under reduce_range, because that is where the int8 layers clamp.
#pragma once

#include "nn/graph.h"
#include "quant/qconfig_mapping.h"

namespace octet::quant {

class FakeQuantize : public nn::TensorFunction {
 public:
  explicit FakeQuantize(QParams qparams) : qparams_(qparams) {}
  Tensor operator()(const Tensor& x) override;
  std::string to_string() const override;
  QParams qparams() const { return qparams_; }

 private:
  QParams qparams_;
};

/// From calibrated observers. Node names stay those of the prepared graph.
nn::Graph fake_quantize(const nn::Graph& prepared, const QConfigMapping& mapping);

/// The FakeQuantize that a node calls, or null.
const FakeQuantize* fake_quantize_of(const nn::Node& node);

}  // namespace octet::quant
