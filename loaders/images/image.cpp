#include "loaders/images/image.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "loaders/images/bmp.h"
#include "loaders/images/jpeg.h"
#include "loaders/images/png_check.h"
#include "loaders/images/stb_image.h"
#include "loaders/images/webp.h"
#include "tensor/error.h"

namespace octet::loaders {
namespace {

using namespace std::string_view_literals;

struct Signature {
  size_t offset;
  std::string_view bytes, format;
};

// The first bytes of formats that people rename to .JPEG, and of files that are no images at all.
constexpr std::array kSignatures = {
    Signature{0, "\xff\xd8\xff"sv, "JPEG"},
    Signature{0, "\x89PNG\r\n\x1a\n"sv, "PNG"},
    Signature{0, "GIF8"sv, "GIF"},
    Signature{8, "WEBP"sv, "WebP"},
    Signature{0, "II*\0"sv, "TIFF"},
    Signature{0, "MM\0*"sv, "TIFF"},
    Signature{4, "ftypavif"sv, "AVIF"},
    Signature{4, "ftyphei"sv, "HEIC"},
    Signature{4, "jP  "sv, "JPEG 2000"},
    Signature{0, "\xff\x4f\xff\x51"sv, "JPEG 2000"},
    Signature{0, "\xff\x0a"sv, "JPEG XL"},
    Signature{4, "JXL "sv, "JPEG XL"},
    Signature{0, "8BPS"sv, "Photoshop"},
    Signature{0, "BM"sv, "BMP"},
    Signature{0, "version https://git-lfs"sv, "Git LFS pointer (run git lfs pull)"},
    Signature{0, "<!DOCTYPE"sv, "HTML"},
    Signature{0, "<html"sv, "HTML"},
    Signature{0, "PK\x03\x04"sv, "zip"},
};

std::string_view format_of(std::span<const uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const Signature& s : kSignatures)
    if (text.size() >= s.offset && text.substr(s.offset).starts_with(s.bytes)) return s.format;
  return "";
}

Image decode_png(std::span<const uint8_t> bytes, const std::string& name) {
  const CheckedPng png = check_png(bytes, name);
  if (!(png.color == PngColor::gray && png.bit_depth == 16)) return stb_decode_rgb(png.bytes, name);
  const std::vector<uint16_t> gray = stb_decode_gray16(png.bytes, name);
  Image image{png.width, png.height, std::vector<uint8_t>(gray.size() * 3)};
  for (size_t i = 0; i < gray.size(); ++i)
    std::fill_n(&image.rgb[3 * i], 3, static_cast<uint8_t>(std::min<uint16_t>(gray[i], 255)));
  return image;
}

}  // namespace

void check_image_size(int64_t width, int64_t height, const std::string& name) {
  OCTET_CHECK(width > 0 && height > 0, name, ": the image has no pixels: ", width, " x ", height, "; replace the file");
  OCTET_CHECK(width <= kMaxImageSide && height <= kMaxImageSide && width * height <= kMaxImagePixels, name, ": the image is ",
              width, " x ", height, " pixels, at most ", kMaxImageSide, " per side and ", kMaxImagePixels,
              " in all are read; make it smaller");
}

Image decode_image(std::span<const uint8_t> bytes, const std::string& name) {
  OCTET_CHECK(!bytes.empty(), name, ": empty file, expected a ", kImageFormats, " image");
  const std::string_view format = format_of(bytes);
  if (format == "JPEG") return decode_jpeg(bytes, name);
  if (format == "PNG") return decode_png(bytes, name);
  if (format == "BMP") return decode_bmp(bytes, name);
  if (format == "WebP") return decode_webp(bytes, name);
  OCTET_CHECK(format.empty(), name, ": expected a ", kImageFormats, " image, this is ", format, "; convert or replace it");
  fail(name, ": not an image: expected the first bytes of a ", kImageFormats, " file");
}

}  // namespace octet::loaders
