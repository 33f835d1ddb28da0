// check_png: chunks, checksums and sizes, and the plainer file that it hands on.
#include "loaders/images/png_check.h"

#include <zlib.h>

#include <algorithm>

#include "golden_image.h"

namespace octet::loaders {
namespace {

constexpr size_t kHeaderEnd = 8 + 25;  // signature and IHDR

FileBytes gray() { return golden_bytes("gray8.png"); }

void put_u32(uint8_t* to, size_t value) {
  for (size_t b = 0; b < 4; ++b) to[b] = static_cast<uint8_t>(value >> (24 - 8 * b));
}

/// Length, type, data, CRC-32 of type and data.
FileBytes chunk(const std::string& type, const FileBytes& data) {
  FileBytes bytes(12 + data.size());
  put_u32(bytes.data(), data.size());
  std::copy_n(type.begin(), 4, bytes.begin() + 4);
  std::copy(data.begin(), data.end(), bytes.begin() + 8);
  put_u32(&bytes[8 + data.size()], crc32(0, &bytes[4], static_cast<uInt>(4 + data.size())));
  return bytes;
}

FileBytes deflated(const FileBytes& data) {
  uLongf size = compressBound(data.size());
  FileBytes out(size);
  compress(out.data(), &size, data.data(), data.size());
  out.resize(size);
  return out;
}

FileBytes ihdr(uint32_t width, uint32_t height, uint8_t depth, uint8_t color, uint8_t interlace = 0) {
  FileBytes data = {0, 0, 0, 0, 0, 0, 0, 0, depth, color, 0, 0, interlace};
  put_u32(&data[0], width);
  put_u32(&data[4], height);
  return data;
}

FileBytes png(const std::vector<FileBytes>& chunks) {
  FileBytes bytes = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  for (const FileBytes& c : chunks) bytes.insert(bytes.end(), c.begin(), c.end());
  return bytes;
}

/// 2 x 2 grey with the given zlib stream.
FileBytes with_pixels(const FileBytes& stream) {
  return png({chunk("IHDR", ihdr(2, 2, 8, 0)), chunk("IDAT", stream), chunk("IEND", {})});
}
const FileBytes kPixels = {0, 10, 20, 0, 30, 40};

TEST(PngCheck, HandsOnOnlyWhatTheDecoderNeeds) {
  const CheckedPng checked = check_png(golden_bytes("palette_alpha.png"), "x");
  const std::string text(checked.bytes.begin(), checked.bytes.end());
  EXPECT_EQ(text.find("tRNS"), text.npos);
  EXPECT_EQ(checked.color, PngColor::palette);
  EXPECT_EQ(checked.bytes[kHeaderEnd + 2], 3);  // PLTE of 0x300 bytes
}

TEST(PngCheck, SeveralIdatChunksAreOneStream) {
  const FileBytes stream = deflated(kPixels);
  const FileBytes head(stream.begin(), stream.begin() + 3), tail(stream.begin() + 3, stream.end());
  const Image image = decode_image(
      png({chunk("IHDR", ihdr(2, 2, 8, 0)), chunk("IDAT", head), chunk("IDAT", {}), chunk("IDAT", tail), chunk("IEND", {})}),
      "x");
  EXPECT_EQ(image.rgb[3 * 3], 40);
}

TEST(PngCheck, WrongCrc) {
  FileBytes bytes = gray();
  bytes[kHeaderEnd - 1] ^= 1;
  expect_refused(bytes, "wrong CRC in chunk 'IHDR'");
}

TEST(PngCheck, CutOffAnywhere) {
  const FileBytes whole = gray();
  for (size_t size = 8; size < whole.size(); ++size)
    EXPECT_TRUE(test::fails_with([&] { decode_image({whole.data(), size}, "x"); }, {"damaged PNG: cut off"}));
}

TEST(PngCheck, Header) {
  const FileBytes rest = chunk("IDAT", deflated(kPixels)), end = chunk("IEND", {});
  expect_refused(png({chunk("IHDR", ihdr(2, 2, 8, 1)), rest, end}), "bit depth 8 with color type 1");
  expect_refused(png({chunk("IHDR", ihdr(2, 2, 16, 3)), rest, end}), "bit depth 16 with color type 3");
  expect_refused(png({chunk("IHDR", ihdr(2, 2, 8, 0, 2)), rest, end}), "interlace");
  expect_refused(png({chunk("IHDR", ihdr(0, 2, 8, 0)), rest, end}), "no pixels");
  expect_refused(png({chunk("IHDR", ihdr(65535, 65535, 8, 0)), rest, end}), "65535 x 65535 pixels");
  expect_refused(png({chunk("IHDR", ihdr(0xffffffff, 1, 8, 0)), rest, end}), "at most 16384 per side");
  expect_refused(png({chunk("IHDR", ihdr(12'000, 12'000, 8, 0)), rest, end}), "12000 x 12000 pixels");
  expect_refused(png({rest, end}), "does not begin with an IHDR");
  expect_refused(png({chunk("IHDR", ihdr(2, 2, 8, 0)), chunk("IHDR", ihdr(2, 2, 8, 0)), rest, end}), "chunk 'IHDR'");
}

TEST(PngCheck, Chunks) {
  const FileBytes head = chunk("IHDR", ihdr(2, 2, 8, 0)), rest = chunk("IDAT", deflated(kPixels)), end = chunk("IEND", {});
  expect_refused(png({head, end}), "no IDAT");
  expect_refused(png({head, chunk("CgBI", {0, 0, 0, 0}), rest, end}), "unexpected critical chunk 'CgBI'");
  expect_refused(png({head, rest, chunk("tEXt", {}), rest, end}), "do not follow each other");
  expect_refused(png({chunk("IHDR", ihdr(2, 2, 8, 3)), rest, end}), "without PLTE");
  expect_refused(png({chunk("IHDR", ihdr(2, 2, 8, 3)), chunk("PLTE", {1, 2}), rest, end}), "PLTE");
  EXPECT_NO_THROW(decode_image(png({head, chunk("teXt", {1}), rest, end}), "x"));
}

TEST(PngCheck, PixelData) {
  EXPECT_EQ(decode_image(with_pixels(deflated(kPixels)), "x").rgb[3], 20);
  FileBytes no_checksum = deflated(kPixels), wrong_checksum = no_checksum, broken = no_checksum;
  no_checksum.erase(no_checksum.end() - 4, no_checksum.end());
  wrong_checksum.back() ^= 1;
  broken[2] = 0xff;
  expect_refused(with_pixels(no_checksum), "without its checksum");
  expect_refused(with_pixels(wrong_checksum), "incorrect data check");
  expect_refused(with_pixels(broken), "pixel data: ");
  expect_refused(with_pixels(deflated({0, 1, 2})), "ends after 3 of 6 bytes");
  expect_refused(with_pixels({1, 2, 3}), "pixel data: ");
  expect_refused(with_pixels(deflated({9, 1, 2, 9, 3, 4})), "invalid filter");
}

TEST(PngCheck, ABombIsStoppedAtTheSizeOfTheImage) {
  expect_refused(with_pixels(deflated(FileBytes(100 << 20))), "more pixel data than the header asks for");
}

TEST(PngCheck, AnHonestLargeImageIsRead) {
  FileBytes rows((1 + 4000) * 4000);
  const Image image =
      decode_image(png({chunk("IHDR", ihdr(4000, 4000, 8, 0)), chunk("IDAT", deflated(rows)), chunk("IEND", {})}), "x");
  EXPECT_EQ(image.rgb.size(), 48'000'000u);
}

/// Each byte changed, and the checksums made right again, so that the damage gets past them.
void flip_every_byte(const std::string& file) {
  const FileBytes whole = golden_bytes(file);
  for (size_t i = 0; i < whole.size(); ++i)
    for (uint8_t mask : {0x01, 0x80, 0xff}) {
      FileBytes bytes = whole;
      bytes[i] ^= mask;
      expect_survives(bytes);
      for (size_t at = 8; at + 12 <= bytes.size();) {
        const size_t length = size_t{bytes[at]} << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
        if (length > bytes.size() - at - 12) break;
        put_u32(&bytes[at + 8 + length], crc32(0, &bytes[at + 4], static_cast<uInt>(length + 4)));
        at += 12 + length;
      }
      expect_survives(bytes);
    }
}

TEST(PngCheck, EveryByteFlippedGray) { flip_every_byte("gray8.png"); }
TEST(PngCheck, EveryByteFlippedPalette) { flip_every_byte("palette2.png"); }
TEST(PngCheck, EveryByteFlippedInterlaced) { flip_every_byte("interlaced.png"); }
TEST(PngCheck, EveryByteFlipped16Bit) { flip_every_byte("gray16.png"); }

}  // namespace
}  // namespace octet::loaders
