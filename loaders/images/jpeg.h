// JPEG files to RGB pixels, by libjpeg-turbo: what Pillow decodes with, so the pixels are Pillow's.
//
// bytes -> [height, width, 3] uint8. libjpeg's defaults: the slow exact inverse DCT, smooth upsampling of halved chroma, the
// standard's Huffman tables (T.81, K.3) where the file has none. CMYK becomes RGB as in Pillow's Convert.c, with Adobe's inverted
// inks. A progressive file without its last scans is refused: what libjpeg makes of it depends on its version.
// libjpeg repairs damage and warns; here such a warning is an error, because the repaired pixels are not the image's. Warnings that
// change no pixel (bytes between segments, an unknown JFIF version) are passed over.
// Counterpart: Pillow's JpegDecode.c.
#pragma once

#include "loaders/images/image.h"

namespace octet::loaders {

/// Throws Error, one line that begins with `name`. Lossless, hierarchical and 12-bit files are refused as such.
Image decode_jpeg(std::span<const uint8_t> bytes, const std::string& name);

}  // namespace octet::loaders
