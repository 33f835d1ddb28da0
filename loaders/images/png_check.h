// Is this an intact PNG? Asked before the decoder sees a byte, and answered with a plainer PNG for it.
//
// Signature, IHDR first and legal, every chunk inside the file with its CRC-32 right, no unknown critical chunk, IDAT chunks in
// one run, whose zlib stream (inflated here by zlib, chunk by chunk, into nothing) ends properly after exactly the bytes that
// IHDR asks for, IEND. stb_image 2.27 checks neither CRC nor Adler-32, and a PNG decompression bomb makes its
// buffer grow without limit.
// The answer holds IHDR, PLTE (extended to 256 entries by black ones, as Pillow has it), IDAT and IEND only: transparency and
// text are dropped, so the decoder's code for them is never reached. Bytes after IEND are allowed.
// It decodes no pixel. Counterpart: Pillow's PngImagePlugin, which also refuses a wrong CRC.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace octet::loaders {

enum class PngColor : uint8_t { gray = 0, rgb = 2, palette = 3, gray_alpha = 4, rgb_alpha = 6 };

struct CheckedPng {
  int width = 0, height = 0, bit_depth = 0;
  PngColor color = PngColor::gray;
  std::vector<uint8_t> bytes;  // the plainer file
};

/// Throws Error, one line that begins with `name`.
CheckedPng check_png(std::span<const uint8_t> bytes, const std::string& name);

}  // namespace octet::loaders
