#include "loaders/images/stb_image.h"

#include <climits>
#include <memory>

#include "tensor/error.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_MAX_DIMENSIONS 16384  // kMaxImageSide: an own check comes first
#define STBI_ASSERT(condition) ((void)(condition))
#include <stb_image.h>

namespace octet::loaders {
namespace {

static_assert(kMaxImageSide == STBI_MAX_DIMENSIONS);

struct StbFree {
  void operator()(void* pixels) const { stbi_image_free(pixels); }
};

struct Size {
  int width = 0, height = 0, channels = 0;
  size_t pixels() const { return static_cast<size_t>(width) * static_cast<size_t>(height); }
};

template <class T>
std::unique_ptr<T, StbFree> decode(T* (*load)(const stbi_uc*, int, int*, int*, int*, int), int channels,
                                   std::span<const uint8_t> bytes, const std::string& name, Size& size) {
  OCTET_CHECK(bytes.size() <= INT_MAX, name, ": image file of ", bytes.size(), " bytes, expected less than 2 GiB");
  std::unique_ptr<T, StbFree> pixels(
      load(bytes.data(), static_cast<int>(bytes.size()), &size.width, &size.height, &size.channels, channels));
  OCTET_CHECK(pixels != nullptr, name, ": the decoder refuses it: ", stbi_failure_reason(), "; replace the file");
  return pixels;
}

}  // namespace

Image stb_decode_rgb(std::span<const uint8_t> checked, const std::string& name) {
  Size size;
  const auto pixels = decode(stbi_load_from_memory, 3, checked, name, size);
  return {size.width, size.height, std::vector<uint8_t>(pixels.get(), pixels.get() + size.pixels() * 3)};
}

std::vector<uint16_t> stb_decode_gray16(std::span<const uint8_t> checked, const std::string& name) {
  Size size;
  const auto pixels = decode(stbi_load_16_from_memory, 1, checked, name, size);
  return std::vector<uint16_t>(pixels.get(), pixels.get() + size.pixels());
}

}  // namespace octet::loaders
