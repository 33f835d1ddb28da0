// Observer: looks at the tensors that pass through one place of a prepared graph and chooses scale and zero point for it.
// One kind per file; the formulas from a range to qparams are in quant/qparams.h. PyTorch: torch.ao.quantization.observer.
#pragma once

#include <string>

#include "nn/op.h"
#include "quant/qparams.h"

namespace octet::quant {

class Observer : public nn::TensorFunction {
 public:
  /// Observes x and returns it unchanged, as PyTorch's forward does.
  Tensor operator()(const Tensor& x) final {
    observe(x);
    return x;
  }

  /// Updates the statistics. Throws Error for NaN.
  virtual void observe(const Tensor& x) = 0;

  /// Scale and zero point for what was seen. Throws Error when nothing was.
  virtual QParams calculate_qparams() const = 0;

  virtual std::string kind() const = 0;  // "HistogramObserver"
  virtual float min() const = 0;
  virtual float max() const = 0;

  std::string to_string() const override { return str(kind(), "(min_val=", min(), ", max_val=", max(), ")"); }
};

}  // namespace octet::quant
