// quantize_checkpoint: a float checkpoint becomes an int8 model, and classifies. Usage: quantize_checkpoint model.pth
// imagenette-folder
//
//   load -> trace -> prepare -> calibrate -> convert -> run
// README.md shows the ten lines of quantize() below. PyTorch counterpart: prepare_fx, convert_fx.
#include <iostream>

#include "loaders/checkpoints/pth.h"
#include "loaders/datasets/batches.h"
#include "nn/graph/executor.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "nn/graph/runner.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "ops/elementwise.h"
#include "quant/passes/convert.h"
#include "quant/passes/prepare.h"

using namespace octet;

namespace {

/// The int8 model, calibrated on 64 images of the folder.
nn::Graph quantize(const std::string& checkpoint, const loaders::ImageFolder& data) {
  const StateDict state = loaders::load_pth(checkpoint);
  const nn::LoadedModel loaded = nn::model_from_checkpoint(state, nn::form_of(state, checkpoint), checkpoint);
  const nn::Graph traced = nn::trace(*loaded.model, Tensor::zeros({1, 3, 224, 224}));
  const quant::QConfigMapping qconfig = quant::get_default_qconfig_mapping("x86");
  const nn::Graph prepared = quant::prepare(traced, qconfig);  // batch norm folded, relu fused, observers inserted
  loaders::Batches batches(data, loaders::subset_indices(data.size(), 64, loaders::Subset::spread), {.batch_size = 32});
  while (const auto batch = batches.next()) nn::run(prepared, batch->images);  // the observers look on
  return nn::optimize_for_inference(quant::convert(prepared, qconfig));
}

/// Share of the images of the folder that the model puts into their class, in percent.
double accuracy(const nn::Graph& int8, const loaders::ImageFolder& data) {
  nn::Runner run(int8);
  loaders::Batches batches(data, loaders::subset_indices(data.size(), data.size(), loaders::Subset::first));
  int64_t right = 0, total = 0;
  while (const auto batch = batches.next()) {
    const std::vector<int> answers = ops::argmax(run(batch->images));
    for (size_t i = 0; i < answers.size(); ++i, ++total) right += answers[i] == batch->labels[i];
  }
  return 100.0 * static_cast<double>(right) / static_cast<double>(total);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: quantize_checkpoint model.pth imagenette-folder\n";
    return 2;
  }
  try {
    const loaders::ImageFolder data(argv[2], "val");
    const nn::Graph int8 = quantize(argv[1], data);
    std::cout << "int8 top-1: " << accuracy(int8, data) << " % of " << data.size() << " images\n";
    return 0;
  } catch (const Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
