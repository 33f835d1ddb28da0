// FakeQuantizeBase: what stands in a model in quantization-aware training where the int8 model will round.
//   y = fake_quantize(x, scale, zero_point), of the shape of x. Where the scale comes from is what the kinds differ in: from a moving
//   average (fused_moving_avg_obs_fake_quantize.h), or given (fixed_qparams_fake_quantize.h).
// PyTorch counterpart: torch.ao.quantization.FakeQuantizeBase.
#pragma once

#include "nn/graph_module.h"
#include "quant/observers/observer.h"

namespace octet::quant {

class FakeQuantizeBase : public nn::TrainableFunction {
 public:
  Tensor operator()(const Tensor& x) final { return forward(nn::Value(x)).tensor(); }
  bool observes() const final { return observer_enabled(); }

  virtual void enable_observer(bool enabled) = 0;
  virtual bool observer_enabled() const = 0;
  /// The observer that stands there after training, with what was learned; for one scale per tensor.
  virtual std::shared_ptr<Observer> observer() const = 0;

 protected:
  /// torch.ones([1]): a switch that is saved with the model.
  static nn::Value make_switch(DType dtype) { return nn::Value(Tensor::full({1}, 1).to(dtype)); }
  static bool is_on(const nn::Value& flag) { return *flag.tensor().to(DType::i64).data<int64_t>() != 0; }
  static void set(const nn::Value& flag, bool on) {
    Tensor t = flag.tensor();  // the same bytes
    const Tensor value = Tensor::full({1}, on).to(t.dtype());
    std::memcpy(t.bytes(), value.bytes(), t.nbytes());
  }
};

}  // namespace octet::quant
