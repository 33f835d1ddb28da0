// What a Trainer trains: a float model, or one in quantization-aware training.
#pragma once

#include <functional>
#include <string_view>

#include "apps/train/options.h"
#include "loaders/checkpoints/model_card.h"
#include "nn/graph_module.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace octet::apps {

/// The group of the parameter with that key, from 0 to kLayerGroups - 1, which is the head.
using LayerGroup = std::function<int(std::string_view key)>;

struct Trainee {
  nn::Module& module;
  std::function<nn::Graph()> evaluated;  // the graph that validation runs, on the CPU
  std::function<void(int epoch)> begin_epoch;
  LayerGroup layer_group;
  loaders::ModelCard card = {};  // what it is for: written with its weights; at the size of its last epoch
};

/// The graph of a GraphModule; a trace of any other model, which shares its tensors.
nn::Graph graph_of(nn::Module& model);

/// nn::layer_group for octet's own networks. In a network that a file defines the head is what comes behind the last convolution,
/// or that convolution where it gives the outputs; of the rest, the first half of the layers and the second half.
LayerGroup layer_group_of(const nn::Module& model);

Trainee float_trainee(nn::Module& model);

/// Validation runs with fake quantization as training left it. After options.num_observer_update_epochs the observers are off,
/// after options.num_batch_norm_update_epochs batch norm inside convolutions is frozen.
Trainee qat_trainee(nn::GraphModule& model, const quant::QConfigMapping& mapping, const TrainOptions& options,
                    LayerGroup layer_group);

}  // namespace octet::apps
