// Decoded images kept in memory, so that an epoch after the first decodes nothing.
//
// index -> [h, w, 3] uint8 as the file has it, not resized: augmentation wants the whole image. Keeps images until they fill
// `capacity` bytes; the ones that come later are decoded each time. Any number of threads may ask at once.
// An image that cannot be read is not kept: asking for it throws the same error each time.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "loaders/datasets/image_folder.h"
#include "loaders/images/image.h"

namespace octet::loaders {

class ImageCache {
 public:
  /// The dataset must outlive the cache.
  ImageCache(const ImageFolder& dataset, size_t capacity) : dataset_(dataset), images_(dataset.size()), left_(capacity) {}

  /// Throws Error as decode_image does.
  std::shared_ptr<const Image> get(size_t index);

 private:
  const ImageFolder& dataset_;
  std::mutex mutex_;  // guards all that follows
  std::vector<std::shared_ptr<const Image>> images_;
  size_t left_;  // bytes
};

}  // namespace octet::loaders
