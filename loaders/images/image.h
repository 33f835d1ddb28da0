// Image files to RGB pixels: JPEG, PNG, BMP and WebP by content, whatever the file is called.
//
// bytes -> [height, width, 3] uint8, equal to Pillow's pixels. Grey is repeated, alpha is dropped, palette entries that the file
// does not define are black; 16-bit channels keep their high byte, but 16-bit grey is min(value, 255), which is what Pillow's
// I;16 -> RGB does, odd as it looks. The EXIF orientation is ignored, as fastai ignores it.
// Damaged files are refused, never repaired; other formats are refused by name. libjpeg-turbo decodes JPEG, libwebp WebP,
// stb_image PNG, after check_png has passed it.
// Counterpart: PIL.Image.open(file).convert("RGB").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace octet::loaders {

/// Caps on what a header may claim, checked before anything is allocated. Pillow warns at 89 Mpx and refuses at 179 Mpx.
inline constexpr int64_t kMaxImageSide = 16'384;
inline constexpr int64_t kMaxImagePixels = int64_t{64} << 20;

struct Image {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;  // [height, width, 3]
};

inline constexpr char kImageFormats[] = "JPEG, PNG, BMP or WebP";

/// Throws Error, one line that begins with `name`, for anything that is not an intact image of these formats.
Image decode_image(std::span<const uint8_t> bytes, const std::string& name);

/// Throws Error when a header claims no pixels, or more than the caps allow.
void check_image_size(int64_t width, int64_t height, const std::string& name);

}  // namespace octet::loaders
