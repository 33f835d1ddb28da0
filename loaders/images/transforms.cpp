#include "loaders/images/transforms.h"

namespace octet::loaders {
namespace {

using Table = std::array<std::array<float, 256>, 3>;

constexpr Table normalized_values() {
  Table table{};
  for (size_t c = 0; c < 3; ++c)
    for (size_t v = 0; v < 256; ++v) table[c][v] = (static_cast<float>(v) / 255.0f - kMean[c]) / kStd[c];
  return table;
}

constexpr Table kNormalized = normalized_values();

}  // namespace

void to_normalized(const Image& image, float* chw) {
  const size_t pixels = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
  for (size_t c = 0; c < 3; ++c) {
    const uint8_t* x = image.rgb.data() + c;
    float* y = chw + c * pixels;
    for (size_t i = 0; i < pixels; ++i) y[i] = kNormalized[c][x[3 * i]];
  }
}

}  // namespace octet::loaders
