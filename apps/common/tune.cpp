#include "apps/common/tune.h"

#include <omp.h>

#include <iomanip>
#include <iostream>

#include "apps/common/models.h"
#include "apps/common/open_model.h"
#include "loaders/checkpoints/safetensors.h"
#include "loaders/files/bytes.h"
#include "nn/graph/passes/tune.h"
#include "ops/cpu/isa.h"
#include "quant/formats/model_file.h"
#include "tensor/random.h"

namespace octet::apps {

void tune_model(const std::string& path, const TuneOptions& o) {
  const loaders::Checkpoint file = open_model(path, kTunable).contents;
  Generator generator(0);
  const Tensor x = randn({o.batch_size, 3, o.image_size, o.image_size}, generator);
  const nn::Graph tuned = naming(loaders::printable(path), [&] {
    return nn::tune(quant::load_graph({file.tensors, file.metadata}, path), x, o.seconds);
  });
  const quant::SavedModel saved = quant::save_graph(tuned, file.metadata);
  loaders::save_safetensors(path, {saved.tensors, saved.metadata});
  for (const nn::Node& node : tuned.nodes())
    if (const auto* conv = std::get_if<nn::op::QuantizedConv2d>(&node.op)) {
      const ops::int8::ConvChoice& choice = conv->layer->params().choices.back();
      std::cout << std::left << std::setw(28) << node.name << choice.height << "x" << choice.width << "  "
                << name_of(choice.algorithm) << "\n";
    }
  std::cout << path << ": tuned for batches of " << o.batch_size << " at " << o.image_size << " px, " << omp_get_max_threads()
            << " threads, " << ops::cpu::active_isa().name << "\n";
}

}  // namespace octet::apps
