// WebP files to RGB pixels, by libwebp, which Pillow decodes with.
//
// bytes -> [height, width, 3] uint8. Alpha is dropped, as of PNG; of an animation the first frame is read, on a black canvas where
// the frame is smaller. Counterpart: Pillow's WebPImagePlugin, which takes the same decoder for animations.
#pragma once

#include "loaders/images/image.h"

namespace octet::loaders {

/// Throws Error, one line that begins with `name`.
Image decode_webp(std::span<const uint8_t> bytes, const std::string& name);

}  // namespace octet::loaders
