#include "apps/train/trainee.h"

#include "nn/trace.h"
#include "quant/passes/fake_quantize.h"
#include "quant/qat/prepare_qat.h"

namespace octet::apps {

namespace {

/// Input channels of the first convolution, which has no groups in any network here.
int64_t channels_of(const nn::Module& model) {
  for (const nn::Module::State& s : model.state())
    if (s.value.tensor().dim() == 4) return s.value.tensor().size(1);
  return 3;
}

}  // namespace

Trainee float_trainee(nn::Module& model) {
  const auto trace = [&model] {
    return nn::trace(model, Tensor::zeros({1, channels_of(model), 64, 64}, DType::f32, model.device())).to(Device::cpu);
  };
  return {model, trace, [](int) {}};
}

Trainee qat_trainee(nn::GraphModule& model, const quant::QConfigMapping& mapping, const TrainOptions& options) {
  return {model, [&] { return quant::fake_quantize(quant::fold_qat(model.graph().to(Device::cpu)), mapping); },
          [&](int epoch) {
            quant::enable_observers(model.graph(), epoch < options.num_observer_update_epochs);
            model.freeze_batch_norm(epoch >= options.num_batch_norm_update_epochs);
          }};
}

}  // namespace octet::apps
