// What the image tests share: golden files, and the check that bytes are refused in one line.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "loaders/images/image.h"
#include "tensor/error.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"

namespace octet::loaders {

using FileBytes = std::vector<uint8_t>;

inline FileBytes read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path << " is missing";
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_bytes(const std::filesystem::path& path, const FileBytes& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
}

inline FileBytes golden_bytes(const std::string& file) { return read_bytes(test::golden_path("images/" + file)); }
inline Image decode_golden(const std::string& file) { return decode_image(golden_bytes(file), file); }

/// "P6 width height 255" and the pixels.
inline Image read_ppm(const std::string& file) {
  const FileBytes bytes = golden_bytes(file);
  size_t at = 2;
  const auto number = [&] {
    while (at < bytes.size() && std::isspace(bytes[at])) ++at;
    int value = 0;
    while (at < bytes.size() && std::isdigit(bytes[at])) value = value * 10 + bytes[at++] - '0';
    return value;
  };
  Image image;
  image.width = number();
  image.height = number();
  number();
  image.rgb.assign(bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at + 1, bytes.size())), bytes.end());
  return image;
}

/// Exact, and a failure says how far off.
inline void expect_same_pixels(const Image& ours, const Image& golden, const std::string& what, int tolerance = 0) {
  ASSERT_EQ(ours.width, golden.width) << what;
  ASSERT_EQ(ours.height, golden.height) << what;
  ASSERT_EQ(ours.rgb.size(), golden.rgb.size()) << what;
  int largest = 0;
  size_t different = 0;
  for (size_t i = 0; i < ours.rgb.size(); ++i) {
    const int difference = std::abs(int{ours.rgb[i]} - int{golden.rgb[i]});
    largest = std::max(largest, difference);
    different += difference != 0;
  }
  EXPECT_LE(largest, tolerance) << what << ": " << different << " of " << ours.rgb.size() << " values differ";
}

/// Refused in one line that names the file.
inline void expect_refused(const FileBytes& bytes, const std::string& part) {
  EXPECT_TRUE(test::fails_with([&] { decode_image(bytes, "some/file.JPEG"); }, {"some/file.JPEG: ", part}));
}

/// Damaged bytes: an image of a sane size or an Error, and nothing that a sanitizer sees.
inline void expect_survives(const FileBytes& bytes) {
  try {
    const Image image = decode_image(bytes, "damaged");
    EXPECT_EQ(image.rgb.size(), static_cast<size_t>(image.width) * static_cast<size_t>(image.height) * 3);
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("damaged: "));
  }
}

}  // namespace octet::loaders
