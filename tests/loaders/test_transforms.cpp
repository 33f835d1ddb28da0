// Normalisation against torch, bit for bit.
#include "loaders/images/transforms.h"

#include <cstring>

#include "golden_image.h"

namespace octet::loaders {
namespace {

TEST(ToNormalized, EqualsTorchForEveryValue) {
  Image image{256, 1, {}};
  for (int v = 0; v < 256; ++v) image.rgb.insert(image.rgb.end(), 3, static_cast<uint8_t>(v));
  std::vector<float> ours(3 * 256);
  to_normalized(image, ours.data());
  const FileBytes golden = golden_bytes("normalized.f32");
  ASSERT_EQ(golden.size(), ours.size() * sizeof(float));
  EXPECT_EQ(std::memcmp(ours.data(), golden.data(), golden.size()), 0);
}

TEST(ToNormalized, ChannelsComeFirst) {
  const Image image{2, 1, {0, 255, 0, 255, 0, 255}};  // green, magenta
  std::vector<float> y(6);
  to_normalized(image, y.data());
  EXPECT_LT(y[0], 0);  // red of both
  EXPECT_GT(y[1], 0);
  EXPECT_GT(y[2], 0);  // green of both
  EXPECT_LT(y[3], 0);
}

}  // namespace
}  // namespace octet::loaders
