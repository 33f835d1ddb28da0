// Writes an image as PNG, unfiltered: for tests that need pictures of their own.
#pragma once

#include <zlib.h>

#include <fstream>
#include <string>
#include <vector>

#include "loaders/images/image.h"

namespace octet::test {

inline std::string big_endian(uint32_t n) {
  return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8), static_cast<char>(n)};
}

inline std::string png_chunk(const std::string& kind_and_data) {
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(kind_and_data.data()), static_cast<uInt>(kind_and_data.size()));
  return big_endian(static_cast<uint32_t>(kind_and_data.size() - 4)) + kind_and_data + big_endian(static_cast<uint32_t>(crc));
}

inline void write_png(const std::string& path, const loaders::Image& image) {
  const size_t row = static_cast<size_t>(image.width) * 3;
  std::string rows;
  for (int y = 0; y < image.height; ++y)
    rows += std::string(1, '\0') + std::string(reinterpret_cast<const char*>(&image.rgb[static_cast<size_t>(y) * row]), row);
  std::vector<Bytef> packed(compressBound(rows.size()));
  uLongf size = packed.size();
  compress(packed.data(), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size());
  const std::string header = big_endian(static_cast<uint32_t>(image.width)) + big_endian(static_cast<uint32_t>(image.height));
  std::ofstream(path, std::ios::binary) << "\x89PNG\r\n\x1a\n"
                                        << png_chunk("IHDR" + header + std::string("\x08\x02\0\0\0", 5))
                                        << png_chunk("IDAT" + std::string(reinterpret_cast<const char*>(packed.data()), size))
                                        << png_chunk("IEND");
}

}  // namespace octet::test
