#include "loaders/datasets/imagenette.h"

#include <algorithm>

namespace octet::loaders {

const ImagenetteClass* imagenette_class(std::string_view wordnet_id) {
  const auto it = std::ranges::find(kImagenetteClasses, wordnet_id, &ImagenetteClass::wordnet_id);
  return it == kImagenetteClasses.end() ? nullptr : &*it;
}

std::string_view human_name(std::string_view wordnet_id) {
  const ImagenetteClass* known = imagenette_class(wordnet_id);
  return known ? known->human_name : wordnet_id;
}

}  // namespace octet::loaders
