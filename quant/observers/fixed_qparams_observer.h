// FixedQParamsObserver: of values whose range is known without looking, such as a sigmoid's. Scale and zero point are given; the
// range is what they can say. PyTorch counterpart: torch.ao.quantization.FixedQParamsObserver.
#pragma once

#include "ops/engines/requantize.h"
#include "quant/observers/observer.h"

namespace octet::quant {

class FixedQParamsObserver : public Observer {
 public:
  FixedQParamsObserver(const QSpec& spec, QParams qparams) : Observer(spec), qparams_(qparams) {
    ops::int8::check_qparams(qparams, spec.dtype, "FixedQParamsObserver");
  }
  std::string kind() const override { return "FixedQParamsObserver"; }
  Range range() const override { return {min(), max()}; }
  QParams calculate_qparams() const override { return qparams_; }
  float min() const override { return ops::int8::dequantize_value(spec().range().qmin, qparams_); }
  float max() const override { return ops::int8::dequantize_value(spec().range().qmax, qparams_); }
  std::string to_string() const override { return "FixedQParamsObserver()"; }

 protected:
  void update(const Tensor&, const MinMax&) override {}

 private:
  QParams qparams_;
};

}  // namespace octet::quant
