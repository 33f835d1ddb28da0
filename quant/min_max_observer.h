// MinMaxObserver: the smallest and largest value ever seen.   min = min(min, min(x)), max = max(max, max(x))
// PyTorch counterpart: torch.ao.quantization.MinMaxObserver; the default for weights under qnnpack (qint8, symmetric).
#pragma once

#include "quant/observer.h"

namespace octet::quant {

enum class QScheme { affine, symmetric };

class MinMaxObserver : public Observer {
 public:
  struct Options {
    QRange range;
    QScheme scheme = QScheme::affine;
  };
  explicit MinMaxObserver(const Options& options) : options_(options) {}

  void observe(const Tensor& x) override;
  QParams calculate_qparams() const override;
  std::string kind() const override { return "MinMaxObserver"; }
  float min() const override { return min_; }
  float max() const override { return max_; }

 private:
  Options options_;
  float min_ = std::numeric_limits<float>::infinity();
  float max_ = -std::numeric_limits<float>::infinity();
};

}  // namespace octet::quant
