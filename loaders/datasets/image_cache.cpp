#include "loaders/datasets/image_cache.h"

namespace octet::loaders {

std::shared_ptr<const Image> ImageCache::get(size_t index) {
  {
    const std::lock_guard lock(mutex_);
    if (images_.at(index)) return images_[index];
  }
  const auto image = std::make_shared<const Image>(decode_image(dataset_.bytes(index), dataset_.name(index)));
  const std::lock_guard lock(mutex_);
  if (!images_[index] && image->rgb.size() <= left_) {
    left_ -= image->rgb.size();
    images_[index] = image;
  }
  return image;
}

}  // namespace octet::loaders
