// Observer: looks at the tensors that pass through one place of a prepared graph and chooses scale and zero point for it.
// One kind per file; the formulas from a range to qparams are in quant/observers/qparams.h. PyTorch:
// torch.ao.quantization.observer.
#pragma once

#include <string>

#include "nn/graph/ops/function.h"
#include "quant/observers/min_max.h"
#include "quant/observers/qparams.h"

namespace octet::quant {

class Observer : public nn::TensorFunction {
 public:
  explicit Observer(const QSpec& spec) : spec_(spec) { check_spec(spec); }

  /// Observes x and returns it unchanged, as PyTorch's forward does. In a graph infinity, too, is an Error: it comes from broken
  /// weights or images, and each observer would handle it differently.
  Tensor operator()(const Tensor& x) final;
  bool observes() const final { return true; }

  /// Updates the statistics; an empty tensor changes nothing. Throws Error for NaN.
  void observe(const Tensor& x);

  struct Range {
    float min, max;
  };
  /// The range that the codes should cover, after what was seen. Throws Error when nothing was.
  virtual Range range() const = 0;

  /// Scale and zero point of that range.
  virtual QParams calculate_qparams() const {
    const Range r = range();
    return quant::calculate_qparams(r.min, r.max, spec_);
  }

  /// Calibration in two passes: the first one only finds min and max, the second counts between them. Fed the same activations,
  /// the answer then depends neither on the order of the images nor on the batch size. Observers that do not count have nothing
  /// to do in the second. begin_first_pass throws Error for an observer whose answer would still depend on the order.
  virtual void begin_first_pass() {}
  virtual void begin_second_pass() {}

  virtual std::string kind() const = 0;  // "HistogramObserver"
  virtual float min() const = 0;
  virtual float max() const = 0;
  const QSpec& spec() const { return spec_; }

  std::string to_string() const override { return str(kind(), "(min_val=", min(), ", max_val=", max(), ")"); }

 protected:
  /// Updates the statistics by x, which has values and no NaN; seen: the smallest and largest of them.
  virtual void update(const Tensor& x, const MinMax& seen) = 0;

 private:
  QSpec spec_;
};

}  // namespace octet::quant
