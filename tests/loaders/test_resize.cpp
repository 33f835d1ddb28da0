// Resizing and cropping against Pillow, pixel for pixel.
#include "loaders/images/resize.h"

#include "golden_image.h"

namespace octet::loaders {
namespace {

struct Case {
  const char* image;
  int width, height;
};

class Resize : public testing::TestWithParam<Case> {};
TEST_P(Resize, EqualsPillow) {
  const auto [image, width, height] = GetParam();
  const std::string golden = str(image, "_to_", width, "x", height, ".png");
  expect_same_pixels(resize_bilinear(decode_golden(str(image, ".png")), width, height), decode_golden(golden), golden);
}
INSTANTIATE_TEST_SUITE_P(Sizes, Resize,
                         testing::Values(Case{"photo", 90, 60}, Case{"photo", 45, 30}, Case{"photo", 31, 17},
                                         Case{"photo", 89, 61}, Case{"photo", 7, 5}, Case{"photo", 1, 1}, Case{"photo", 120, 20},
                                         Case{"photo", 90, 31}, Case{"photo", 33, 60}, Case{"portrait", 64, 37},
                                         Case{"portrait", 23, 40}, Case{"portrait", 36, 9}, Case{"portrait", 50, 7},
                                         Case{"portrait", 74, 63}, Case{"portrait", 38, 128}, Case{"portrait", 100, 64}));

struct CropCase {
  const char* image;
  int size;
};

class CropAndResize : public testing::TestWithParam<CropCase> {};
TEST_P(CropAndResize, EqualsFastai) {
  const auto [image, size] = GetParam();
  const std::string golden = str(image, "_crop_", size, ".png");
  expect_same_pixels(crop_and_resize(decode_golden(str(image, ".png")), size), decode_golden(golden), golden);
}
INSTANTIATE_TEST_SUITE_P(Sizes, CropAndResize,
                         testing::Values(CropCase{"photo", 11}, CropCase{"photo", 37}, CropCase{"photo", 48},
                                         CropCase{"photo", 60}, CropCase{"portrait", 11}, CropCase{"portrait", 37},
                                         CropCase{"portrait", 48}, CropCase{"portrait", 60}));

TEST(Resize, OneColorStaysOneColor) {
  const Image image{9, 5, FileBytes(9 * 5 * 3, 255)};
  for (int size : {1, 2, 8, 13}) EXPECT_EQ(resize_bilinear(image, size, size).rgb, FileBytes(size * size * 3, 255)) << size;
}

TEST(CentralSquare, IsRoundedAsPythonRoundsIt) {
  const auto expect_box = [](int width, int height, int size, Box box) {
    const Box ours = central_square(width, height, size);
    EXPECT_TRUE(ours.x == box.x && ours.y == box.y && ours.width == box.width && ours.height == box.height)
        << width << " x " << height << " to " << size << ": " << ours.x << ", " << ours.y << ", " << ours.width;
  };
  expect_box(500, 375, 224, {62, 0, 375, 375});
  expect_box(300, 230, 224, {35, 0, 229, 229});  // 230 / 224 is rounded down, and int(230 / 224 * 224) with it
  expect_box(224, 224, 224, {0, 0, 224, 224});
  expect_box(1, 1000, 49, {0, 499, 1, 1});  // int(1 / 49 * 49) would be 0
}

TEST(Crop, TakesTheBox) {
  const Image image{2, 2, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
  EXPECT_EQ(crop(image, {1, 0, 1, 2}).rgb, (FileBytes{4, 5, 6, 10, 11, 12}));
  EXPECT_TRUE(test::fails_with([&] { crop(image, {1, 0, 2, 2}); }, {"is not inside the image of 2 x 2"}));
}

TEST(Resize, ImpossibleSizesAreRefused) {
  const Image image{1, 1, {1, 2, 3}};
  EXPECT_TRUE(test::fails_with([&] { resize_bilinear(image, 0, 5); }, {"to 0 x 5"}));
  EXPECT_TRUE(test::fails_with([&] { resize_bilinear(image, 5, 1 << 20); }, {"expected 1 to 16384"}));
  EXPECT_TRUE(test::fails_with([&] { crop_and_resize({}, 5); }, {"expected sizes of at least 1"}));
}

}  // namespace
}  // namespace octet::loaders
