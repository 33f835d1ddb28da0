#include "loaders/images/augment.h"

#include <algorithm>
#include <cmath>

namespace octet::loaders {
namespace {

constexpr int kTries = 10;
constexpr double kLargestRatio = 4.0 / 3.0;

int below(int bound, Generator& generator) { return static_cast<int>(generator.below(static_cast<uint64_t>(bound))); }

}  // namespace

Box random_box(int width, int height, const RandomCropOptions& o, Generator& generator) {
  OCTET_CHECK(width > 0 && height > 0 && o.min_scale > 0 && o.min_scale <= 1, "random_resized_crop: image ", width, " x ", height,
              ", smallest scale ", o.min_scale, ": expected 0 < scale <= 1");
  for (int i = 0; i < kTries; ++i) {
    const double area = (o.min_scale + (1 - o.min_scale) * generator.uniform()) * width * height;
    const double ratio = std::exp(std::log(kLargestRatio) * (2 * generator.uniform() - 1));
    const int w = static_cast<int>(std::lround(std::sqrt(area * ratio))),
              h = static_cast<int>(std::lround(std::sqrt(area / ratio)));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const int x = below(width - w + 1, generator);
    return {x, below(height - h + 1, generator), w, h};
  }
  const int w = std::clamp(static_cast<int>(height * kLargestRatio), 1, width),
            h = std::clamp(static_cast<int>(width * kLargestRatio), 1, height);
  return {(width - w) / 2, (height - h) / 2, w, h};
}

Image random_resized_crop(const Image& image, const RandomCropOptions& o, Generator& generator) {
  Image out = resize_bilinear(crop(image, random_box(image.width, image.height, o, generator)), o.size, o.size);
  if (generator.uniform() < 0.5f) mirror(out);
  return out;
}

void mirror(Image& image) {
  check_pixels(image, "mirror");
  const auto row = static_cast<size_t>(image.width) * 3;
  for (int y = 0; y < image.height; ++y) {
    uint8_t *left = image.rgb.data() + static_cast<size_t>(y) * row, *right = left + row - 3;
    for (; left < right; left += 3, right -= 3) std::swap_ranges(left, left + 3, right);
  }
}

}  // namespace octet::loaders
