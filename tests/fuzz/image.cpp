// JPEG, PNG, BMP and WebP, decoded, cut and resized.
#include "loaders/images/image.h"

#include "loaders/images/transforms.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  octet::fuzz::allow_errors([&] {
    const octet::loaders::Image image = octet::loaders::decode_image({data, size}, "fuzz");
    if (image.width <= 4096 && image.height <= 4096) octet::loaders::to_tensor(image, {.size = 32});
  });
  return 0;
}
