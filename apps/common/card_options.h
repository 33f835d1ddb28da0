// What a model is for, as a program uses it: the model's own card, the defaults where it has none, overruled by options.
//
//   --size 64 --resize torchvision --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5 --labels names.txt
// The defaults are those of data/'s checkpoint: 224 px, fastai's central square, ImageNet's mean and deviation. There are no
// default names: a class without one is "class 3".
#pragma once

#include <string>
#include <vector>

#include "apps/common/models.h"
#include "loaders/checkpoints/model_card.h"

namespace CLI {
class App;
}

namespace octet::apps {

struct CardOptions {
  int size = 0;        // 0: the model's
  std::string resize;  // empty: the model's; and so on
  std::vector<float> mean, deviation;
  std::string labels;  // a file with a name in each line
};

/// --resize, --mean, --std, --labels.
void add_card_options(CLI::App& app, CardOptions& options);
/// --size, where it is not the sizes of a training.
void add_size_option(CLI::App& app, CardOptions& options);

/// The card of a network with so many classes and channels. Throws Error naming `file` when card and network contradict each
/// other. A network that is not for images of 1 or 3 channels, or that has one channel and nobody says its mean, gets a card that
/// check_images refuses.
loaders::ModelCard used_card(const Model& model, const CardOptions& options, const std::string& file);

/// Does it say how an image becomes the input? Not of a network of other channels than images have, unless options said so.
bool is_of_images(const loaders::ModelCard& card);

/// Throws Error naming `file` unless images can become inputs by the card.
void check_images(const loaders::ModelCard& card, const Model& model, const std::string& file);

/// "fastai", "torchvision:256".
std::string rule_name(const loaders::ImageTransform& transform);

/// "images of 64 px, resize fastai, mean 0.485 0.456 0.406, std 0.229 0.224 0.225; 2 classes: coarse, fine (as the model says)".
std::string describe(const loaders::ModelCard& card, const Model& model, const CardOptions& options);

}  // namespace octet::apps
