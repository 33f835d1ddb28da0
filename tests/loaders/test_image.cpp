// decode_image against Pillow's convert("RGB"), by content, and what it refuses.
#include <zlib.h>

#include "golden_image.h"
#include "loaders/images/resize.h"

namespace octet::loaders {
namespace {

using namespace std::string_literals;

void expect_as_pillow(const std::string& name, const std::string& extension) {
  expect_same_pixels(decode_golden(name + extension), read_ppm(name + ".ppm"), name);
}

class Png : public testing::TestWithParam<const char*> {};
TEST_P(Png, EqualsPillow) { expect_as_pillow(GetParam(), ".png"); }
INSTANTIATE_TEST_SUITE_P(Image, Png,
                         testing::Values("gray1", "gray2", "gray4", "gray8", "gray16", "gray_alpha8", "gray_alpha16", "rgb8",
                                         "rgb16", "rgba8", "rgba16", "palette2", "palette8", "palette_alpha", "gray_key",
                                         "interlaced"));

class JpegFile : public testing::TestWithParam<const char*> {};
TEST_P(JpegFile, EqualsPillow) { expect_as_pillow(GetParam(), ".jpg"); }
INSTANTIATE_TEST_SUITE_P(Image, JpegFile,
                         testing::Values("jpeg_444", "jpeg_422", "jpeg_420", "jpeg_progressive", "jpeg_restart",
                                         "jpeg_quality100", "jpeg_gray", "jpeg_gray_progressive", "jpeg_one_pixel", "jpeg_thin",
                                         "jpeg_tiny", "jpeg_tiny_progressive", "jpeg_exif", "jpeg_rgb", "jpeg_cmyk",
                                         "jpeg_cmyk_no_adobe", "jpeg_ycck", "jpeg_no_tables", "jpeg_equal_ids", "jpeg_dnl",
                                         "jpeg_comment_0", "jpeg_comment_2", "jpeg_bytes_after_scan"));

class Bmp : public testing::TestWithParam<const char*> {};
TEST_P(Bmp, EqualsPillow) { expect_as_pillow(GetParam(), ".bmp"); }
INSTANTIATE_TEST_SUITE_P(Image, Bmp,
                         testing::Values("bmp_1", "bmp_l", "bmp_p", "bmp_rgb", "bmp_rgba", "bmp_4bit", "bmp_555", "bmp_565",
                                         "bmp_masks32", "bmp_top_down"));

class WebP : public testing::TestWithParam<const char*> {};
TEST_P(WebP, EqualsPillow) { expect_as_pillow(GetParam(), ".webp"); }
INSTANTIATE_TEST_SUITE_P(Image, WebP,
                         testing::Values("webp_lossy", "webp_lossless", "webp_alpha", "webp_alpha_lossless", "webp_animation"));

TEST(Image, CutOffAnywhere) {
  for (const std::string file : {"bmp_4bit.bmp", "bmp_rgb.bmp", "webp_lossy.webp", "webp_lossless.webp", "webp_animation.webp"}) {
    const FileBytes whole = golden_bytes(file);
    for (size_t size = 12; size + 1 < whole.size(); ++size)  // one byte: a row's padding, or a chunk's
      EXPECT_TRUE(test::fails_with([&] { decode_image({whole.data(), size}, file); }, {file + ": damaged "})) << size;
  }
}

TEST(Image, EveryByteFlipped) {
  for (const std::string file : {"bmp_4bit.bmp", "bmp_565.bmp", "webp_lossy.webp", "webp_alpha.webp", "webp_animation.webp"}) {
    const FileBytes whole = golden_bytes(file);
    for (size_t i = 0; i < whole.size(); ++i)
      for (uint8_t mask : {0x01, 0x80, 0xff}) {
        FileBytes bytes = whole;
        bytes[i] ^= mask;
        expect_survives(bytes);
      }
  }
}

TEST(Image, Gray16SaturatesAsPillowDoes) {
  const Image image = decode_golden("gray16.png");
  EXPECT_EQ(image.rgb[3 * 10], 100);  // the ramp's 100
  EXPECT_EQ(image.rgb[3 * 40], 255);  // 400
}

TEST(Image, ContentDecidesNotTheName) {
  const Image image = decode_image(golden_bytes("rgb8.png"), "looks_like_a.JPEG");
  expect_same_pixels(image, read_ppm("rgb8.ppm"), "a PNG called .JPEG");
}

TEST(Image, BytesAfterTheEndAreIgnored) {
  for (const std::string file : {"jpeg_420.jpg", "rgb8.png"}) {
    FileBytes bytes = golden_bytes(file);
    bytes.insert(bytes.end(), 100, 0xab);
    expect_same_pixels(decode_image(bytes, file), decode_golden(file), file);
  }
}

void expect_refused_text(const std::string& content, const std::string& part) {
  expect_refused({content.begin(), content.end()}, part);
}

TEST(Image, OtherFormatsAreRefusedByName) {
  expect_refused_text("RIFF\x10\0\0\0WEBPVP8 "s, "damaged WebP");
  expect_refused_text("II*\0\x08\0\0\0"s, "TIFF");
  expect_refused_text("MM\0*\0\0\0\x08"s, "TIFF");
  expect_refused_text("GIF89a"s, "GIF");
  expect_refused_text("BM6\0"s, "damaged BMP: cut off");
  expect_refused_text("\0\0\0\x1c"s + "ftypavif", "AVIF");
  expect_refused_text("<!DOCTYPE html>", "HTML");
  expect_refused_text("version https://git-lfs.github.com/spec/v1", "git lfs pull");
}

TEST(Image, WhatIsNoImageIsRefused) {
  expect_refused({}, "empty file");
  expect_refused_text("hello", "not an image");
  expect_refused({0xff, 0xd8}, "not an image");
}

uint32_t crc_of(const Image& image) {
  return static_cast<uint32_t>(crc32(0, image.rgb.data(), static_cast<uInt>(image.rgb.size())));
}

// Every image of the sample, decoded and as it enters the network.
TEST(Image, SampleOfImagenetteDecodesAsPillow) {
  std::ifstream lines(test::golden_path("images/sample.txt"));
  std::string name;
  int width = 0, height = 0, images = 0;
  uint32_t decoded = 0, cropped = 0;
  for (; lines >> name >> width >> height >> decoded >> cropped; ++images) {
    const Image image = decode_image(read_bytes(test::source_dir() + "/data/imagenette-sample/" + name), name);
    ASSERT_EQ(image.width, width) << name;
    EXPECT_EQ(crc_of(image), decoded) << name;
    EXPECT_EQ(crc_of(crop_and_resize(image, 96)), cropped) << name << ", cropped and resized to 96";
  }
  EXPECT_EQ(images, 220);
}

}  // namespace
}  // namespace octet::loaders
