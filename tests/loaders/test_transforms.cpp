// Images to tensors: normalisation against torch, bit for bit; rules of resizing against torchvision, pixel for pixel.
#include "loaders/images/transforms.h"

#include <cmath>
#include <cstring>

#include "golden_image.h"

namespace octet::loaders {
namespace {

TEST(ToNormalized, EqualsTorchForEveryValue) {
  Image image{256, 1, {}};
  for (int v = 0; v < 256; ++v) image.rgb.insert(image.rgb.end(), 3, static_cast<uint8_t>(v));
  std::vector<float> ours(3 * 256);
  to_normalized(image, {}, ours.data());
  const FileBytes golden = golden_bytes("normalized.f32");
  ASSERT_EQ(golden.size(), ours.size() * sizeof(float));
  EXPECT_EQ(std::memcmp(ours.data(), golden.data(), golden.size()), 0);
}

TEST(ToNormalized, ChannelsComeFirst) {
  const Image image{2, 1, {0, 255, 0, 255, 0, 255}};  // green, magenta
  std::vector<float> y(6);
  to_normalized(image, {}, y.data());
  EXPECT_LT(y[0], 0);  // red of both
  EXPECT_GT(y[1], 0);
  EXPECT_GT(y[2], 0);  // green of both
  EXPECT_LT(y[3], 0);
}

TEST(ToNormalized, TakesMeanAndDeviationOfTheModel) {
  const Image image{1, 1, {255, 0, 51}};
  std::vector<float> y(3);
  to_normalized(image, {.mean = {0.5f, 0.5f, 0}, .deviation = {0.5f, 0.25f, 1}}, y.data());
  EXPECT_EQ(y, (std::vector<float>{1, -2, 0.2f}));
  to_normalized(image, {.mean = {0}, .deviation = {1}}, y.data());
  EXPECT_EQ(y[0], 82 / 255.0f);  // (255 * 19595 + 51 * 7471) / 65536 = 82.06
}

struct RuleCase {
  const char* golden;
  ImageTransform transform;
};

class Resized : public testing::TestWithParam<RuleCase> {};
TEST_P(Resized, EqualsTorchvision) {
  const auto& [golden, transform] = GetParam();
  for (const char* image : {"photo", "portrait"}) {
    const std::string name = str(image, "_", golden, ".png");
    expect_same_pixels(resized(decode_golden(str(image, ".png")), transform), decode_golden(name), name);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Rules, Resized,
    testing::Values(RuleCase{"center_37_42", {.size = 37, .rule = ResizeRule::torchvision}},  // 37 * 256 / 224 = 42.3
                    RuleCase{"center_48_55", {.size = 48, .rule = ResizeRule::torchvision, .resize_to = 55}},
                    RuleCase{"center_60_60", {.size = 60, .rule = ResizeRule::torchvision, .resize_to = 60}},
                    RuleCase{"squish_48", {.size = 48, .rule = ResizeRule::squish}},
                    RuleCase{"grey_squish_28", {.size = 28, .rule = ResizeRule::squish, .mean = {0}, .deviation = {1}}}),
    [](const auto& info) { return std::string(info.param.golden); });

TEST(ToTensor, IsBothSteps) {
  const Image image = decode_golden("photo.png");
  const Tensor x = to_tensor(image, {.size = 37});
  EXPECT_EQ(x.shape(), (Shape{1, 3, 37, 37}));
  std::vector<float> wanted(3 * 37 * 37);
  to_normalized(decode_golden("photo_crop_37.png"), {}, wanted.data());
  EXPECT_EQ(std::memcmp(x.data<float>(), wanted.data(), x.nbytes()), 0);
  EXPECT_EQ(to_tensor(image, {.size = 8, .mean = {0}, .deviation = {1}}).shape(), (Shape{1, 1, 8, 8}));
}

TEST(Transform, ThatCannotBeIsNamed) {
  const auto refused = [](const ImageTransform& t, const std::string& part) {
    return test::fails_with([&] { check(t, "m.pth"); }, {"m.pth: ", part});
  };
  EXPECT_NO_THROW(check({}, "m.pth"));
  EXPECT_TRUE(refused({.size = 0}, "images of 0 px, expected 1 to 4096"));
  EXPECT_TRUE(refused({.size = 5000}, "images of 5000 px"));
  EXPECT_TRUE(refused({.rule = ResizeRule::torchvision, .resize_to = 200}, "resized to 200 px before the centre of 224"));
  EXPECT_TRUE(refused({.mean = {0, 0}, .deviation = {1, 1}}, "expected 3 of each, or 1"));
  EXPECT_TRUE(refused({.mean = {0, 0, 0}, .deviation = {1}}, "expected 3 of each, or 1"));
  EXPECT_TRUE(refused({.mean = {0}, .deviation = {0}}, "std above 0"));
  EXPECT_TRUE(refused({.mean = {NAN}, .deviation = {1}}, "expected finite numbers"));
}

}  // namespace
}  // namespace octet::loaders
