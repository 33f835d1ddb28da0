// BMP files to RGB pixels, as Pillow reads them.
//
// bytes -> [height, width, 3] uint8. A file header (14 bytes), an information header (12 bytes, or 40 to 124), a palette, rows that
// are padded to four bytes and go from the bottom up unless the height is negative. Read are 1, 4 and 8 bits with a palette, 16,
// 24 and 32 bits, masks of whole bytes, of 5:5:5 and of 5:6:5 bits, and run-length encoding (bmp_runs.h); alpha is dropped.
// Own code, because stb_image rounds 16-bit pixels otherwise than Pillow and fills up what a short file lacks.
// Counterpart: Pillow's BmpImagePlugin.
#pragma once

#include "loaders/images/image.h"

namespace octet::loaders {

/// Throws Error, one line that begins with `name`.
Image decode_bmp(std::span<const uint8_t> bytes, const std::string& name);

}  // namespace octet::loaders
