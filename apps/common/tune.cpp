#include "apps/common/tune.h"

#include <omp.h>

#include <iomanip>
#include <iostream>

#include "apps/common/limits.h"
#include "apps/common/models.h"
#include "apps/common/open_model.h"
#include "loaders/checkpoints/model_card.h"
#include "loaders/checkpoints/safetensors.h"
#include "loaders/files/bytes.h"
#include "loaders/files/file_lock.h"
#include "nn/graph/ops/conv2d.h"
#include "nn/graph/passes/tune.h"
#include "ops/cpu/isa.h"
#include "quant/formats/model_file.h"
#include "tensor/random.h"

namespace octet::apps {

void tune_model(const std::string& path, const TuneOptions& o, const CommonOptions& common) {
  const loaders::FileLock lock(path);
  const loaders::Checkpoint file = open_model(path, kTunable).contents;
  Generator generator(0);
  const loaders::ImageTransform input = loaders::find_card(file.metadata, path).value_or(loaders::ModelCard{}).input;
  const int side = o.image_size > 0 ? o.image_size : input.size;
  const nn::Graph tuned = naming(loaders::printable(path), [&] {
    const nn::Graph graph = quant::load_graph({file.tensors, file.metadata}, path);
    CostCheck(graph, common, loaders::printable(path))({o.batch_size, channels_of(graph), side, side});
    return nn::tune(graph, randn({o.batch_size, channels_of(graph), side, side}, generator), o.seconds);
  });
  const quant::SavedModel saved = quant::save_graph(tuned, file.metadata);
  loaders::save_safetensors(path, {saved.tensors, saved.metadata});
  for (const nn::Node& node : tuned.nodes())
    if (const auto* conv = nn::get_if<nn::op::QuantizedConv2d>(node.op)) {
      const ops::int8::ConvChoice& choice = conv->layer->params().choices.back();
      std::cout << std::left << std::setw(28) << node.name << choice.height << "x" << choice.width << "  "
                << name_of(choice.algorithm) << "\n";
    }
  std::cout << loaders::printable(path) << ": tuned for batches of " << o.batch_size << " at " << side << " px, "
            << omp_get_max_threads() << " threads, " << ops::cpu::active_isa().name << "\n";
}

}  // namespace octet::apps
