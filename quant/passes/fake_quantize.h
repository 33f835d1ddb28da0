// fake_quantize: the prepared graph with every observer replaced by its answer. Arithmetic stays float32, but values and weights
// lie on the grid of the codes: what the int8 graph computes, up to the rounding of biases and of its requantization.
// PyTorch counterpart: torch.ao.quantization.FakeQuantize with its observer switched off. Codes are all that quint8 has, also
// under reduce_range, because that is where the int8 layers clamp.
#pragma once

#include "nn/graph/graph.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace octet::quant {

class FakeQuantize : public nn::TensorFunction {
 public:
  /// qparams: one, or one per slice of dimension 0.
  explicit FakeQuantize(std::vector<QParams> qparams, DType dtype = DType::quint8)
      : qparams_(std::move(qparams)), dtype_(dtype) {}
  Tensor operator()(const Tensor& x) override;
  std::string to_string() const override;
  const std::vector<QParams>& qparams() const { return qparams_; }

 private:
  std::vector<QParams> qparams_;
  DType dtype_;
};

/// From calibrated observers. Node names stay those of the prepared graph.
nn::Graph fake_quantize(const nn::Graph& prepared, const QConfigMapping& mapping);

/// Scales of the layer's weight: those that training chose (quant/qat/prepare_qat.h), else what the mapping's observer says.
std::vector<float> layer_scales(const nn::Node& layer, const QConfigMapping& mapping);

/// The FakeQuantize that a node calls, or null.
const FakeQuantize* fake_quantize_of(const nn::Node& node);

}  // namespace octet::quant
