#include "loaders/images/webp.h"

#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <memory>

#include "tensor/error.h"

namespace octet::loaders {
namespace {

struct Delete {
  void operator()(WebPAnimDecoder* decoder) const { WebPAnimDecoderDelete(decoder); }
};

}  // namespace

Image decode_webp(std::span<const uint8_t> bytes, const std::string& name) {
  WebPBitstreamFeatures header;
  OCTET_CHECK(WebPGetFeatures(bytes.data(), bytes.size(), &header) == VP8_STATUS_OK, name,
              ": damaged WebP: no image header; replace the file");
  check_image_size(header.width, header.height, name);
  WebPAnimDecoderOptions options;
  WebPAnimDecoderOptionsInit(&options);
  options.color_mode = MODE_RGBA;
  const WebPData data{bytes.data(), bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, Delete> decoder(WebPAnimDecoderNew(&data, &options));
  uint8_t* pixels = nullptr;
  int time = 0;
  const bool whole = decoder && WebPAnimDecoderGetNext(decoder.get(), &pixels, &time);
  OCTET_CHECK(whole, name, ": damaged WebP: ", decoder ? "its pixels cannot be decoded" : "cut off, or chunks that do not fit",
              "; replace the file");
  Image image{header.width, header.height, {}};
  const size_t count = static_cast<size_t>(header.width) * static_cast<size_t>(header.height);
  image.rgb.resize(count * 3);
  for (size_t i = 0; i < count; ++i) std::copy_n(pixels + 4 * i, 3, &image.rgb[3 * i]);
  return image;
}

}  // namespace octet::loaders
