// FixedQParamsFakeQuantize: fake quantization with a given scale and zero point, behind ops such as sigmoid.
//   y = fake_quantize(x, scale, zero_point), gradient straight through          (ops/fake_quantize.h)
// PyTorch counterpart: torch.ao.quantization.FixedQParamsFakeQuantize, of get_default_qat_qconfig_mapping.
#pragma once

#include "quant/observers/fixed_qparams_observer.h"
#include "quant/qat/fake_quantize_base.h"
#include "quant/qconfig/qconfig.h"

namespace octet::quant {

class FixedQParamsFakeQuantize : public FakeQuantizeBase {
 public:
  /// choice.kind must be FixedQParamsObserver.
  explicit FixedQParamsFakeQuantize(const ObserverChoice& choice);

  nn::Value forward(const nn::Value& x) override;
  std::vector<nn::NamedValue> buffers() const override;
  std::string to_string() const override;

  void enable_observer(bool enabled) override { set(observer_enabled_, enabled); }  // PyTorch has the switch; nothing changes
  bool observer_enabled() const override { return is_on(observer_enabled_); }
  std::shared_ptr<Observer> observer() const override;

 private:
  QParams qparams() const;

  QSpec spec_;
  nn::Value fake_quant_enabled_, observer_enabled_, scale_, zero_point_, observers_scale_, observers_zero_point_;
};

}  // namespace octet::quant
