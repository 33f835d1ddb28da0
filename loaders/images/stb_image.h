// The decoder itself: stb_image, which is included in stb_image.cpp and nowhere else.
//
// bytes -> [height, width, 3] uint8, or [height, width] uint16 for 16-bit grey PNG. It must only be given what check_png
// has passed: version 2.27 has known holes (chunk sizes, decompression bombs) that it closes. Counterpart: libpng's place in Pillow.
#pragma once

#include "loaders/images/image.h"

namespace octet::loaders {

Image stb_decode_rgb(std::span<const uint8_t> checked, const std::string& name);
std::vector<uint16_t> stb_decode_gray16(std::span<const uint8_t> checked, const std::string& name);

}  // namespace octet::loaders
