// FusedMovingAvgObsFakeQuantize: what stands in a model in quantization-aware training where the int8 model will round.
//
//   observe       min += c * (min(x) - min),  max alike;  the first batch's are taken as they are;  c = averaging_constant
//                 scale, zero_point = fused_qparams(min, max)          (quant/observers/qparams.h; only where it also quantizes)
//   quantize      y = fake_quantize(x, scale, zero_point), gradient straight through          (ops/fake_quantize.h)
// Each of the two can be switched off. Per tensor, or per slice of dimension 0 (weights). All that it knows is in buffers with
// PyTorch's names, so that it is saved and loaded with the model.
// PyTorch counterpart: torch.ao.quantization.FusedMovingAvgObsFakeQuantize, of get_default_qat_qconfig_mapping.
#pragma once

#include "quant/observers/moving_average_min_max_observer.h"
#include "quant/qat/fake_quantize_base.h"
#include "quant/qconfig/qconfig.h"

namespace octet::quant {

class FusedMovingAvgObsFakeQuantize : public FakeQuantizeBase {
 public:
  /// choice.kind must be MovingAverageMinMaxObserver. channels: size of dimension 0 when the choice is per channel.
  explicit FusedMovingAvgObsFakeQuantize(const ObserverChoice& choice, int64_t channels = 1);

  nn::Value forward(const nn::Value& x) override;
  std::vector<nn::NamedValue> buffers() const override;
  std::string to_string() const override;

  void enable_observer(bool enabled) override;
  void enable_fake_quant(bool enabled);
  bool observer_enabled() const override;

  /// What it rounds with now.
  std::vector<QParams> qparams() const;

  /// As convert takes it over: MovingAverageMinMaxObservers with its ranges, one or one per channel. Their formula for scale and
  /// zero point is calculate_qparams, not the fused one: in PyTorch, too, convert_fx asks the observer inside.
  std::vector<std::shared_ptr<MovingAverageMinMaxObserver>> observers() const;

  std::shared_ptr<Observer> observer() const override { return observers().at(0); }

  const ObserverChoice& choice() const { return choice_; }

 private:
  void observe(const Tensor& x);

  ObserverChoice choice_;
  // The shapes and types of PyTorch's: min_val and max_val [] or [K], scale and zero_point [1] or [K], the others [1].
  nn::Value fake_quant_enabled_, observer_enabled_, scale_, zero_point_, eps_, min_val_, max_val_;
};

}  // namespace octet::quant
