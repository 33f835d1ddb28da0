// What a Trainer trains: a float model, or one in quantization-aware training.
#pragma once

#include <functional>

#include "apps/train/options.h"
#include "loaders/checkpoints/model_card.h"
#include "nn/graph_module.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace octet::apps {

struct Trainee {
  nn::Module& module;
  std::function<nn::Graph()> evaluated;  // the graph that validation runs, on the CPU
  std::function<void(int epoch)> begin_epoch;
  loaders::ModelCard card = {};  // what it is for: written with its weights; at the size of its last epoch
};

Trainee float_trainee(nn::Module& model);

/// Validation runs with fake quantization as training left it. After options.num_observer_update_epochs the observers are off,
/// after options.num_batch_norm_update_epochs batch norm inside convolutions is frozen.
Trainee qat_trainee(nn::GraphModule& model, const quant::QConfigMapping& mapping, const TrainOptions& options);

}  // namespace octet::apps
