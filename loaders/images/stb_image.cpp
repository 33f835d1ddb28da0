#include "loaders/images/stb_image.h"

#include <climits>
#include <memory>

#include "loaders/images/jpeg_pixels.h"
#include "tensor/error.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
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

struct JpegDecoder {
  stbi__context input{};
  stbi__jpeg jpeg{};

  explicit JpegDecoder(std::span<const uint8_t> bytes) {
    stbi__start_mem(&input, bytes.data(), static_cast<int>(bytes.size()));
    jpeg.s = &input;
    stbi__setup_jpeg(&jpeg);
    jpeg.idct_block_kernel = [](stbi_uc* out, int stride, short coefficients[64]) { idct_islow(out, stride, coefficients); };
  }
  ~JpegDecoder() { stbi__cleanup_jpeg(&jpeg); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;
};

}  // namespace

Image stb_decode_jpeg(std::span<const uint8_t> checked, const std::string& name) {
  OCTET_CHECK(checked.size() <= INT_MAX, name, ": image file of ", checked.size(), " bytes, expected less than 2 GiB");
  const auto decoder = std::make_unique<JpegDecoder>(checked);
  stbi__jpeg& jpeg = decoder->jpeg;
  OCTET_CHECK(stbi__decode_jpeg_image(&jpeg), name, ": the decoder refuses it: ", stbi_failure_reason(), "; replace the file");
  const int width = static_cast<int>(decoder->input.img_x), height = static_cast<int>(decoder->input.img_y),
            components = decoder->input.img_n;
  if (components == 4) return stb_decode_rgb(checked, name);  // CMYK
  std::vector<JpegPlane> planes;
  for (int c = 0; c < components; ++c) {
    const auto& p = jpeg.img_comp[c];
    OCTET_CHECK(jpeg.img_h_max % p.h == 0 && jpeg.img_v_max % p.v == 0, name,
                ": chroma sampled at a fraction of the image is not supported; convert it");
    planes.push_back({p.data, p.w2, p.x, p.y, jpeg.img_h_max / p.h, jpeg.img_v_max / p.v});
  }
  const bool is_rgb = jpeg.rgb == 3 || (jpeg.app14_color_transform == 0 && !jpeg.jfif);
  return {width, height, planes_to_rgb(planes, width, height, !is_rgb)};
}

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
