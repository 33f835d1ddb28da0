// What a model is for: the names of its classes, and how an image becomes its input. It travels with the model.
//
//   {"version": 1, "classes": ["coarse", "fine"],
//    "input": {"size": 64, "channels": 3, "resize": "fastai", "interpolation": "bilinear",
//              "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}            "resize_to": of torchvision's rule
// One line of JSON, under "octet.card" in the metadata of safetensors and ONNX, and as the record octet.json of a .pth
// (loaders/checkpoints/card_record.h). Read strictly: it comes from strangers. Keys that a later version adds are left alone.
// Counterpart: weights.meta["categories"] and weights.transforms() of torchvision; a fastai Learner's vocab and item_tfms.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/images/transforms.h"

namespace octet::loaders {

/// Where a file's metadata has it.
inline constexpr const char* kCardKey = "octet.card";

struct ModelCard {
  std::vector<std::string> classes = {};  // in the order of the model's outputs; empty where nobody has said
  ImageTransform input = {};
  bool operator==(const ModelCard&) const = default;
};

std::string to_json(const ModelCard& card);

/// Throws Error, one line that begins with `where`.
ModelCard card_from_json(std::string_view json, const std::string& where);

/// The card in a file's metadata, or nothing where there is none. Throws Error naming `file`.
std::optional<ModelCard> find_card(const std::map<std::string, std::string>& metadata, const std::string& file);

/// A name as a card can hold it: UTF-8. What is not, as names of files can be, has its bytes escaped.
std::string card_name(const std::string& name);

}  // namespace octet::loaders
