#include "apps/lesson/lesson.h"

#include "apps/common/cli.h"
#include "loaders/checkpoints/pth.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "quant/passes/prepare.h"

namespace octet::apps {

std::span<const Lesson> lessons() {
  static constexpr Lesson kLessons[] = {
      {"im2col", "a convolution of codes as one matrix product (ops/conv/conv2d.md)", tell_im2col},
      {"recording", "one recording, read forwards and backwards (nn/recording.md)", tell_recording},
      {"weights", "one scale for a layer, or one for each filter (quant/observers/weights.md)", tell_weights},
      {"histogram", "the search for a range (quant/observers/histogram_observer.md)", tell_histogram},
      {"passes", "a residual block after each pass (quant/passes/passes.md)", tell_passes},
      {"requantize", "one output by three engines (ops/engines/requantize.md)", tell_requantize},
      {"fake_quantization", "rounding in training, and its gradient (quant/qat/fake_quantization.md)", tell_fake_quantization},
      {"winograd", "fewer products, the same integers (ops/cpu/winograd.md)", tell_winograd}};
  return kLessons;
}

nn::Graph traced_resnet18() {
  const std::string file = data_file("resnet18-imagenette-fastai.pth");
  const StateDict state = loaders::load_pth(file);
  const nn::LoadedModel loaded = nn::model_from_checkpoint(state, nn::form_of(state, file), file);
  return nn::trace(*loaded.model, Tensor::zeros({1, 3, 64, 64}));
}

nn::Graph prepared_resnet18() { return quant::prepare(traced_resnet18(), quant::get_default_qconfig_mapping("qnnpack")); }

}  // namespace octet::apps
