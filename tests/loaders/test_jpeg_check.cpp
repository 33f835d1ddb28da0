// check_jpeg: intact files pass, each kind of damage is named, and no damage reaches the decoder's holes.
#include "loaders/images/jpeg_check.h"

#include <algorithm>

#include "golden_image.h"

namespace octet::loaders {
namespace {

enum : uint8_t { kSof0 = 0xc0, kDht = 0xc4, kEoi = 0xd9, kSos = 0xda, kDqt = 0xdb, kDri = 0xdd };

FileBytes tiny() { return golden_bytes("jpeg_tiny.jpg"); }

/// Where the n-th segment with this marker begins (its 0xff).
size_t find_segment(const FileBytes& bytes, uint8_t marker, int n = 0) {
  for (size_t at = 2; at + 4 < bytes.size(); at += 2u + (bytes[at + 2] << 8 | bytes[at + 3]))
    if (bytes[at + 1] == marker && n-- == 0) return at;
  ADD_FAILURE() << "no segment " << int{marker};
  return 2;
}

FileBytes without_segment(FileBytes bytes, uint8_t marker, int n = 0) {
  const size_t at = find_segment(bytes, marker, n);
  const size_t length = 2u + (bytes[at + 2] << 8 | bytes[at + 3]);
  bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin() + static_cast<std::ptrdiff_t>(at + length));
  return bytes;
}

/// The tiny file with byte `offset` of a segment (0: the marker's 0xff) replaced.
FileBytes with_byte(uint8_t marker, size_t offset, uint8_t value) {
  FileBytes bytes = tiny();
  bytes[find_segment(bytes, marker) + offset] = value;
  return bytes;
}

FileBytes with_inserted(uint8_t before_marker, const FileBytes& segment) {
  FileBytes bytes = tiny();
  const auto at = static_cast<std::ptrdiff_t>(find_segment(bytes, before_marker));
  bytes.insert(bytes.begin() + at, segment.begin(), segment.end());
  return bytes;
}

TEST(JpegCheck, SaysWhatTheFileIs) {
  const JpegFrame frame = check_jpeg(golden_bytes("jpeg_progressive.jpg"), "x");
  EXPECT_TRUE(frame.progressive);
  EXPECT_EQ(frame.width, 45);
  EXPECT_EQ(frame.height, 37);
  EXPECT_EQ(frame.components.size(), 3u);
  EXPECT_EQ(frame.components[0].horizontal, 2);
}

TEST(JpegCheck, MissingPartsAreNamed) {
  expect_refused(without_segment(tiny(), kDqt), "quantization table 0 is missing (DQT)");
  expect_refused(without_segment(tiny(), kDht), "Huffman table 0 is missing (DHT)");
  expect_refused(without_segment(tiny(), kSof0), "a scan before the frame header");
}

TEST(JpegCheck, NoEndMarker) {
  FileBytes bytes = tiny();
  bytes.resize(bytes.size() - 2);
  expect_refused(bytes, "cut off");
}

TEST(JpegCheck, CutOffAnywhere) {
  for (const std::string file : {"jpeg_tiny.jpg", "jpeg_tiny_progressive.jpg"}) {
    const FileBytes whole = golden_bytes(file);
    for (size_t size = 3; size < whole.size(); ++size)
      EXPECT_TRUE(test::fails_with([&] { decode_image({whole.data(), size}, file); }, {"damaged JPEG"}));
  }
}

TEST(JpegCheck, HalfAScan) {
  FileBytes bytes = golden_bytes("jpeg_420.jpg");
  bytes.resize(bytes.size() - 200);
  bytes.insert(bytes.end(), {0xff, kEoi});
  expect_refused(bytes, "the scan's data ends early");
}

TEST(JpegCheck, KindsThatAreNotSupported) {
  expect_refused(with_byte(kSof0, 1, 0xc9), "arithmetic-coded JPEG is not supported");
  expect_refused(with_byte(kSof0, 1, 0xc3), "lossless JPEG is not supported");
  expect_refused(with_byte(kSof0, 1, 0xc5), "hierarchical JPEG is not supported");
  expect_refused(with_byte(kSof0, 4, 12), "12-bit JPEG is not supported");
  expect_refused(with_inserted(kSos, {0xff, 0xdc, 0, 4, 0, 11}), "DNL");
}

TEST(JpegCheck, SizesAreCheckedBeforeTheyAreBelieved) {
  FileBytes bytes = tiny();
  const size_t size = find_segment(bytes, kSof0) + 5;
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(size), 4, 0xff);  // 65535 x 65535
  expect_refused(bytes, "65535 x 65535 pixels, at most 16384 per side");
  for (size_t i : {size, size + 2}) bytes[i] = 12'000 >> 8, bytes[i + 1] = 12'000 & 255;
  expect_refused(bytes, "12000 x 12000 pixels");
  for (size_t i : {size, size + 2}) bytes[i] = 8000 >> 8, bytes[i + 1] = 8000 & 255;
  expect_refused(bytes, "the scan's data ends early");  // allowed, but the file cannot hold it
  bytes[size] = bytes[size + 1] = 0;
  expect_refused(bytes, "no pixels");
}

TEST(JpegCheck, FrameHeader) {
  expect_refused(with_byte(kSof0, 9, 2), "2 components");
  expect_refused(with_byte(kSof0, 11, 0x50), "sampling factors");
  FileBytes fraction = with_byte(kSof0, 11, 0x32);  // luma 3 x 2, the first chroma 2 x 1: 2 does not divide 3
  fraction[find_segment(fraction, kSof0) + 14] = 0x21;
  expect_refused(fraction, "fractionally subsampled JPEG is not supported");
  expect_refused(with_byte(kSof0, 12, 9), "quantization table 9");
  FileBytes twice = tiny();
  const size_t at = find_segment(twice, kSof0);
  const FileBytes segment(twice.begin() + static_cast<std::ptrdiff_t>(at), twice.begin() + static_cast<std::ptrdiff_t>(at + 19));
  expect_refused(with_inserted(kSos, segment), "a second frame header");
}

TEST(JpegCheck, HuffmanTables) {
  FileBytes table = {0xff, kDht, 0, 19 + 3, 0x00};
  table.resize(table.size() + 16);
  table[5] = 3;  // three codes of one bit
  table.insert(table.end(), {0, 1, 2});
  expect_refused(with_inserted(kSos, table), "more codes than bit patterns");
  table[5] = 0, table[20] = 255;  // 255 symbols, three there
  expect_refused(with_inserted(kSos, table), "its segment cannot hold");
  table[20] = 3, table[21] = 16;  // a DC difference of 16 bits
  expect_refused(with_inserted(kSos, table), "a DC symbol above 15");
  expect_refused(with_byte(kDht, 4, 0x07), "Huffman table 7");
}

TEST(JpegCheck, ScanHeader) {
  expect_refused(with_byte(kSos, 5, 77), "a scan of component 77");
  expect_refused(with_byte(kSos, 7, 1), "component 1 twice");
  expect_refused(with_byte(kSos, 6, 0x33), "is missing (DHT)");
  expect_refused(with_byte(kSos, 6, 0x44), "Huffman tables 4 and 4");
  expect_refused(with_byte(kSos, 11, 1), "a sequential scan with progressive parameters");
}

TEST(JpegCheck, AComponentWithoutScan) {
  FileBytes bytes = golden_bytes("jpeg_tiny_progressive.jpg");
  // Only the scans up to the second SOS remain: the first holds the DC of all three components.
  const size_t first = find_segment(bytes, kSos);
  bytes[first + 4] = 1;  // of one component: the segment becomes shorter
  bytes[first + 3] = 8;
  bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(first + 7), bytes.begin() + static_cast<std::ptrdiff_t>(first + 11));
  expect_refused(bytes, "damaged JPEG");
}

TEST(JpegCheck, ScansAreCounted) {
  // The refinement of a DC coefficient costs one bit per block; repeating scans would cost only time.
  FileBytes bytes = golden_bytes("jpeg_tiny_progressive.jpg");
  const size_t first = find_segment(bytes, kSos);
  FileBytes head(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(first));
  const FileBytes rest(bytes.begin() + static_cast<std::ptrdiff_t>(first), bytes.end() - 2);
  for (int i = 0; i < 2; ++i) head.insert(head.end(), rest.begin(), rest.end());
  head.insert(head.end(), {0xff, kEoi});
  expect_refused(head, "out of sequence");
}

TEST(JpegCheck, RestartMarkersMustComeInOrder) {
  FileBytes bytes = golden_bytes("jpeg_restart.jpg");
  for (size_t i = 0; i + 1 < bytes.size(); ++i)
    if (bytes[i] == 0xff && bytes[i + 1] == 0xd1) bytes[i + 1] = 0xd4;
  expect_refused(bytes, "no restart marker where one is due");
}

TEST(JpegCheck, FourComponentsNeedAnAdobeMarker) {
  FileBytes bytes = golden_bytes("jpeg_cmyk.jpg");
  expect_refused(without_segment(bytes, 0xee), "no Adobe marker");
}

void flip_every_byte(const std::string& file) {
  const FileBytes whole = golden_bytes(file);
  for (size_t i = 0; i < whole.size(); ++i)
    for (uint8_t mask : {0x01, 0x10, 0x80, 0xff}) {
      FileBytes bytes = whole;
      bytes[i] ^= mask;
      expect_survives(bytes);
    }
}

TEST(JpegCheck, EveryByteFlipped) { flip_every_byte("jpeg_tiny.jpg"); }
TEST(JpegCheck, EveryByteFlippedProgressive) { flip_every_byte("jpeg_tiny_progressive.jpg"); }
TEST(JpegCheck, EveryByteFlippedRestart) { flip_every_byte("jpeg_restart.jpg"); }
TEST(JpegCheck, EveryByteFlippedCmyk) { flip_every_byte("jpeg_cmyk.jpg"); }

TEST(JpegCheck, EveryByteTheHighestOrAMarker) {
  const FileBytes whole = golden_bytes("jpeg_gray_progressive.jpg");
  for (size_t i = 0; i + 1 < whole.size(); ++i) {
    FileBytes bytes = whole;
    bytes[i] = 0xff;
    expect_survives(bytes);
    bytes[i + 1] = kEoi;
    expect_survives(bytes);
  }
}

}  // namespace
}  // namespace octet::loaders
