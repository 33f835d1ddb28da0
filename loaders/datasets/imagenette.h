// The ten classes of Imagenette: the names that people know them by, and their places among ImageNet's thousand.
//
// For folders that are called by these WordNet ids, and for no others. Counterpart: fastai's tutorial.imagenette.
#pragma once

#include <array>
#include <string_view>

namespace octet::loaders {

struct ImagenetteClass {
  std::string_view wordnet_id, human_name;
  int imagenet_index;  // among ImageNet's 1000 classes, sorted by WordNet id as torchvision's weights order them
};
/// The ten of them in the order of the ids; names as fastai's tutorial.imagenette has them.
inline constexpr std::array<ImagenetteClass, 10> kImagenetteClasses = {{{"n01440764", "tench", 0},
                                                                        {"n02102040", "English springer", 217},
                                                                        {"n02979186", "cassette player", 482},
                                                                        {"n03000684", "chain saw", 491},
                                                                        {"n03028079", "church", 497},
                                                                        {"n03394916", "French horn", 566},
                                                                        {"n03417042", "garbage truck", 569},
                                                                        {"n03425413", "gas pump", 571},
                                                                        {"n03445777", "golf ball", 574},
                                                                        {"n03888257", "parachute", 701}}};

/// The class of that id, or null.
const ImagenetteClass* imagenette_class(std::string_view wordnet_id);

/// "tench" for "n01440764"; the name of a class that is not Imagenette's is returned as it is.
std::string_view human_name(std::string_view wordnet_id);

}  // namespace octet::loaders
