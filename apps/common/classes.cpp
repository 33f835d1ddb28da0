#include "apps/common/classes.h"

#include <algorithm>
#include <numeric>

#include "loaders/datasets/imagenette.h"
#include "loaders/files/bytes.h"

namespace octet::apps {

using loaders::ModelCard;

std::string class_name(const std::vector<std::string>& classes, size_t index) {
  if (index >= classes.size()) return "class " + std::to_string(index);
  return std::string(loaders::human_name(classes[index]));
}

namespace {

/// The outputs by their names; empty unless each class of the data has one.
std::vector<int> outputs_by_name(const std::vector<std::string>& dataset_classes, const std::vector<std::string>& names,
                                 std::string& missing) {
  std::vector<int> outputs;
  for (const std::string& name : dataset_classes) {
    const auto same = [&](const std::string& n) {
      return loaders::human_name(n) == loaders::human_name(loaders::card_name(name));
    };
    const auto found = std::ranges::find_if(names, same);
    if (found == names.end()) {
      missing = name;
      return {};
    }
    outputs.push_back(static_cast<int>(found - names.begin()));
  }
  return outputs;
}

/// The places of Imagenette's classes among ImageNet's; empty unless all are Imagenette's.
std::vector<int> outputs_of_imagenet(const std::vector<std::string>& dataset_classes) {
  std::vector<int> outputs;
  for (const std::string& name : dataset_classes)
    if (const auto* known = loaders::imagenette_class(name)) outputs.push_back(known->imagenet_index);
  return outputs.size() == dataset_classes.size() ? outputs : std::vector<int>();
}

}  // namespace

std::vector<int> output_of_class(const std::vector<std::string>& dataset_classes, const ModelCard& card, int64_t model_classes) {
  constexpr int64_t kImagenetClasses = 1000;
  std::string missing;
  if (!card.classes.empty())
    if (const auto outputs = outputs_by_name(dataset_classes, card.classes, missing); !outputs.empty()) return outputs;
  if (model_classes == kImagenetClasses)
    if (const auto outputs = outputs_of_imagenet(dataset_classes); !outputs.empty()) return outputs;
  OCTET_CHECK(missing.empty(), "class ", loaders::quoted(missing), " of the data is none of the model's ", model_classes,
              ", which are ", loaders::printable(class_name(card.classes, 0)), " and so on; rename its folder, or give --labels");
  OCTET_CHECK(std::ssize(dataset_classes) == model_classes, "the model has ", model_classes, " classes and the data ",
              dataset_classes.size(), "; give a checkpoint and a dataset that belong together, or --labels");
  std::vector<int> outputs(dataset_classes.size());
  std::iota(outputs.begin(), outputs.end(), 0);
  return outputs;
}

void name_classes(ModelCard& card, const std::vector<std::string>& dataset_classes, int64_t model_classes) {
  if (!card.classes.empty() || std::ssize(dataset_classes) != model_classes) return;
  for (const std::string& name : dataset_classes) card.classes.push_back(loaders::card_name(name));
}

}  // namespace octet::apps
