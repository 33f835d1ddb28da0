// Run-length encoded BMP, and palettes that Pillow takes otherwise than the header says. All expected pixels are Pillow 13's.
#include <string>

#include "builders.h"
#include "golden_image.h"

namespace octet::loaders {
namespace {

using build::le;

/// A BMP in the making: 4 x 2 pixels of run-length encoded bytes, with a palette in which code i is (16 i, i, 255 - i).
struct Bmp {
  FileBytes data;
  int width = 4, height = 2, bits = 8, compression = 1;
  int gap = 0;      // bytes between palette and pixels
  int offset = -1;  // of the pixels, if not where they are
  std::string palette = colors();

  static std::string colors() {
    std::string bytes;
    for (int i = 0; i < 16; ++i) bytes += {static_cast<char>(255 - i), static_cast<char>(i), static_cast<char>(16 * i), '\0'};
    return bytes;
  }
  FileBytes file() const {
    const int pixels = 54 + static_cast<int>(palette.size()) + gap;
    std::string bytes = "BM" + le<int64_t>(0) + le(offset < 0 ? pixels : offset) + le(40) + le(width) + le(height);
    bytes += le<int16_t>(1) + le(static_cast<int16_t>(bits)) + le(compression) + std::string(12, '\0');
    bytes += le(static_cast<int>(palette.size() / 4)) + le(0) + palette + std::string(static_cast<size_t>(gap), '\0');
    FileBytes whole(bytes.begin(), bytes.end());
    whole.insert(whole.end(), data.begin(), data.end());
    return whole;
  }
};

/// The pixels' codes as hexadecimal digits, rows from the top, with "." for black: no color of the palette is black.
std::string codes(const Bmp& bmp) {
  const Image image = decode_image(bmp.file(), "runs.bmp");
  std::string text;
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    const uint8_t *rgb = &image.rgb[i], code = rgb[0] / 16;
    if (i > 0 && i / 3 % static_cast<size_t>(image.width) == 0) text += '/';
    const bool black = rgb[0] == 0 && rgb[1] == 0 && rgb[2] == 0;
    EXPECT_TRUE(black || (rgb[0] == 16 * code && rgb[1] == code && rgb[2] == 255 - code)) << "pixel " << i / 3;
    text += black ? '.' : "0123456789abcdef"[code];
  }
  return text;
}

/// The first channel of each pixel.
FileBytes reds(const Bmp& bmp) {
  const Image image = decode_image(bmp.file(), "gray.bmp");
  FileBytes out;
  for (size_t i = 0; i < image.rgb.size(); i += 3) out.push_back(image.rgb[i]);
  return out;
}

void expect_refused_bmp(const Bmp& bmp, const std::string& part) { expect_refused(bmp.file(), part); }

TEST(BmpRuns, EightBits) {
  EXPECT_EQ(codes({.data = {3, 1, 1, 2, 0, 0, 4, 3, 0, 1}}), "3333/1112");
  EXPECT_EQ(codes({.data = {4, 1, 0, 0, 4, 2}}), "2222/1111");  // the end is not marked
  EXPECT_EQ(codes({.data = {4, 1, 0, 0, 4, 2, 0, 1}, .height = -2}), "1111/2222");
}

TEST(BmpRuns, FourBits) {
  EXPECT_EQ(codes({.data = {5, 0x12, 0, 0, 2, 0x34, 3, 0x56, 0, 1}, .width = 5, .bits = 4, .compression = 2}), "34565/12121");
  EXPECT_EQ(codes({.data = {9, 0x12, 0, 0, 5, 0x34, 0, 1}, .width = 5, .bits = 4, .compression = 2}), "34343/12121");
}

TEST(BmpRuns, OneByOneIsPaddedToAnEvenByteOfTheFile) {
  EXPECT_EQ(codes({.data = {0, 3, 1, 2, 3, 0, 1, 4, 0, 0, 0, 4, 5, 6, 7, 8, 0, 1}}), "5678/1234");
  EXPECT_EQ(codes({.data = {0, 3, 1, 2, 3, 1, 4, 0, 0, 0, 4, 5, 6, 7, 8, 0, 1}, .gap = 1}), "5678/1234");
  EXPECT_EQ(
      codes(
          {.data = {0, 5, 0x12, 0x34, 0x50, 0, 0, 0, 0, 3, 0x67, 0x80, 2, 0x9a, 0, 1}, .width = 5, .bits = 4, .compression = 2}),
      "6789a/12345");
  EXPECT_EQ(
      codes(
          {.data = {0, 4, 0x12, 0x34, 1, 0x50, 0, 0, 0, 3, 0x67, 0x80, 2, 0x9a, 0, 1}, .width = 5, .bits = 4, .compression = 2}),
      "6789a/12345");
}

TEST(BmpRuns, PixelsPassedOverHaveCode0) {
  EXPECT_EQ(codes({.data = {1, 1, 0, 2, 1, 1, 2, 2, 0, 0, 4, 3, 0, 1}, .height = 3}), "3333/0022/1000");
  EXPECT_EQ(codes({.data = {4, 1, 0, 2, 2, 0, 2, 2, 0, 1}}), "0022/1111");
  EXPECT_EQ(codes({.data = {4, 1, 0, 2, 0, 9}}), "0000/1111");        // farther than the image goes
  EXPECT_EQ(codes({.data = {2, 1, 0, 0, 3, 2, 0, 0}}), "2220/1100");  // rows that end early
}

TEST(BmpRuns, ARunStopsAtTheEndOfItsRow) {
  EXPECT_EQ(codes({.data = {9, 1, 3, 2, 0, 0, 4, 3, 0, 1}}), "3333/1111");
  expect_refused_bmp({.data = {4, 1, 4, 2, 0, 1}}, "damaged BMP: its runs end after 4 of 4 x 2 pixels");
}

TEST(BmpRuns, CodesOneByOneGoOnInTheNextRow) {
  EXPECT_EQ(codes({.data = {4, 1, 0, 4, 2, 3, 4, 5, 0, 1}}), "2345/1111");
  EXPECT_EQ(codes({.data = {0, 6, 1, 2, 3, 4, 5, 6, 9, 7, 0, 0, 4, 8, 0, 1}, .height = 3}), "8888/5600/1234");
}

TEST(BmpRuns, TheEndOfARowBeforeItsFirstPixelDoesNothing) {
  EXPECT_EQ(codes({.data = {0, 0, 4, 1, 0, 0, 0, 0, 4, 2, 0, 0, 4, 3, 0, 1}, .height = 3}), "3333/2222/1111");
}

TEST(BmpRuns, WhatIsTooLongIsIgnoredWhatIsTooShortIsRefused) {
  EXPECT_EQ(codes({.data = {4, 1, 0, 0, 4, 2, 4, 3, 4, 3, 9}}), "2222/1111");
  EXPECT_EQ(codes({.data = {4, 1, 0, 0, 0, 6, 1, 2, 3, 4, 5, 6, 0, 1}}), "1234/1111");
  expect_refused_bmp({.data = {4, 1, 0, 0, 3, 2, 0, 1}}, "damaged BMP: its runs end after 7 of 4 x 2 pixels; replace the file");
  const FileBytes whole = {4, 1, 0, 0, 1, 2, 0, 3, 3, 4, 5};
  EXPECT_EQ(codes({.data = whole}), "2345/1111");
  for (int size = 0; size < std::ssize(whole); ++size)
    expect_refused_bmp({.data = {whole.begin(), whole.begin() + size}}, "damaged BMP: its runs end after ");
}

TEST(BmpRuns, APaletteDecidesNotTheBits) {
  EXPECT_EQ(codes({.data = {4, 15, 0, 0, 4, 16, 0, 1}}), "..../ffff");  // 16 colors
  EXPECT_EQ(codes({.data = {4, 1, 0, 0, 4, 0, 0, 1}, .bits = 1}), "0000/1111");
  EXPECT_EQ(codes({.data = {4, 0x01, 0, 0, 4, 0, 0, 1}, .bits = 1, .compression = 2}), "0000/0101");
  expect_refused_bmp({.data = {4, 1, 0, 0, 4, 0, 0, 1}, .bits = 24}, "24-bit, compressed (1) BMP is not supported; convert it");
}

TEST(BmpRuns, DamagedBytes) {
  const Bmp bmp{.data = {1, 1, 0, 2, 1, 1, 2, 2, 0, 0, 0, 3, 4, 5, 6, 0, 1, 1, 0, 1}, .height = 3};
  const FileBytes whole = bmp.file();
  for (size_t i = 0; i < whole.size(); ++i)
    for (uint8_t mask : {0x01, 0x02, 0x80, 0xff}) {
      FileBytes bytes = whole;
      bytes[i] ^= mask;
      expect_survives(bytes);
    }
}

TEST(BmpPalette, GraysInOrderAreNoPalette) {
  std::string grays;
  for (char i = 0; i < 4; ++i) grays += {i, i, i, '\0'};
  EXPECT_EQ(reds({.data = {3, 4, 4, 200}, .height = 1, .compression = 0, .palette = grays}), (FileBytes{3, 4, 4, 200}));
  EXPECT_EQ(reds({.data = {1, 3, 2, 4, 1, 200}, .height = 1, .palette = grays}), (FileBytes{3, 4, 4, 200}));
  const std::string two{"\0\0\0\0\xff\xff\xff\0", 8};
  EXPECT_EQ(reds({.data = {1, 0, 2, 1, 1, 2}, .height = 1, .palette = two}), (FileBytes{0, 255, 255, 255}));
  expect_refused_bmp({.data = {0, 1, 0, 1}, .height = 1, .compression = 0, .palette = two},
                     "8-bit, 2-gray BMP is not supported; convert it");
}

TEST(BmpPalette, PixelsWithoutAnOffsetFollowIt) {
  EXPECT_EQ(codes({.data = {1, 2, 3, 4}, .height = 1, .compression = 0, .offset = 0}), "1234");
  EXPECT_EQ(codes({.data = {1, 2, 3, 4}, .height = 1, .compression = 0, .offset = 54}), "1234");  // the palette is forgotten
}

}  // namespace
}  // namespace octet::loaders
