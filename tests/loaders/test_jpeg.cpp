// decode_jpeg: each kind of damage is refused and named, and what libjpeg reads without a warning is read.
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

TEST(Jpeg, MissingPartsAreNamed) {
  expect_refused(without_segment(tiny(), kDqt), "quantization table 0 is missing (DQT)");
  expect_refused(without_segment(tiny(), kSof0), "SOS before SOF");
}

TEST(Jpeg, NoEndMarker) {
  FileBytes bytes = tiny();
  bytes.erase(bytes.end() - 2, bytes.end());
  expect_refused(bytes, "cut off");
}

TEST(Jpeg, CutOffAnywhere) {
  for (const std::string file : {"jpeg_tiny.jpg", "jpeg_tiny_progressive.jpg"}) {
    const FileBytes whole = golden_bytes(file);
    for (size_t size = 3; size < whole.size(); ++size)
      EXPECT_TRUE(test::fails_with([&] { decode_image({whole.data(), size}, file); }, {"damaged JPEG"}));
  }
}

TEST(Jpeg, HalfAScan) {
  FileBytes bytes = golden_bytes("jpeg_420.jpg");
  bytes.erase(bytes.end() - 200, bytes.end());
  bytes.insert(bytes.end(), {0xff, kEoi});
  expect_refused(bytes, "the scan's data ends early");
}

TEST(Jpeg, KindsThatAreNotSupported) {
  expect_refused(with_byte(kSof0, 1, 0xc3), "lossless JPEG is not supported");
  expect_refused(with_byte(kSof0, 1, 0xc5), "hierarchical JPEG is not supported");
  expect_refused(with_byte(kSof0, 4, 12), "12-bit JPEG is not supported");
}

TEST(Jpeg, SizesAreCheckedBeforeTheyAreBelieved) {
  FileBytes bytes = tiny();
  const size_t size = find_segment(bytes, kSof0) + 5;
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(size), 4, 0xff);  // 65535 x 65535
  expect_refused(bytes, "Maximum supported image dimension is 65500 pixels");
  for (size_t i : {size, size + 2}) bytes[i] = 16'385 >> 8, bytes[i + 1] = 16'385 & 255;
  expect_refused(bytes, "16385 x 16385 pixels, at most 16384 per side");
  for (size_t i : {size, size + 2}) bytes[i] = 12'000 >> 8, bytes[i + 1] = 12'000 & 255;
  expect_refused(bytes, "12000 x 12000 pixels");
  for (size_t i : {size, size + 2}) bytes[i] = 8000 >> 8, bytes[i + 1] = 8000 & 255;
  expect_refused(bytes, "the scan's data ends early");  // allowed, but the file cannot hold it
  bytes[size] = bytes[size + 1] = 0;
  expect_refused(bytes, "Empty JPEG image");
}

TEST(Jpeg, FrameHeader) {
  expect_refused(with_byte(kSof0, 9, 2), "Bogus marker length");
  expect_refused(with_byte(kSof0, 11, 0x50), "Bogus sampling factors");
  FileBytes fraction = with_byte(kSof0, 11, 0x32);  // luma 3 x 2, the first chroma 2 x 1: 2 does not divide 3
  fraction[find_segment(fraction, kSof0) + 14] = 0x21;
  expect_refused(fraction, "fractionally subsampled JPEG is not supported");
  expect_refused(with_byte(kSof0, 12, 9), "quantization table 9 is missing (DQT)");
  FileBytes twice = tiny();
  const size_t at = find_segment(twice, kSof0);
  const FileBytes segment(twice.begin() + static_cast<std::ptrdiff_t>(at), twice.begin() + static_cast<std::ptrdiff_t>(at + 19));
  expect_refused(with_inserted(kSos, segment), "two SOF markers");
}

TEST(Jpeg, HuffmanTables) {
  FileBytes table = {0xff, kDht, 0, 19 + 3, 0x00};
  table.resize(table.size() + 16);
  table[5] = 3;  // three codes of one bit
  table.insert(table.end(), {0, 1, 2});
  expect_refused(with_inserted(kSos, table), "damaged JPEG: Bogus Huffman table definition");
  table[5] = 0, table[20] = 255;  // 255 symbols, three there
  expect_refused(with_inserted(kSos, table), "damaged JPEG: Bogus Huffman table definition");
  expect_refused(with_byte(kDht, 4, 0x07), "Bogus DHT index 7");
}

TEST(Jpeg, ScanHeader) {
  expect_refused(with_byte(kSos, 5, 77), "Invalid component ID 77 in SOS");
  expect_refused(with_byte(kSos, 6, 0x33), "is missing (DHT)");
  expect_refused(with_byte(kSos, 6, 0x44), "is missing (DHT)");
}

/// Where the scans of a file without restart markers begin, and where the last one ends.
std::vector<size_t> scans(const FileBytes& bytes) {
  std::vector<size_t> found;
  size_t at = 2;
  while (bytes[at + 1] != kEoi) {
    const bool scan = bytes[at + 1] == kSos;
    if (scan) found.push_back(at);
    at += 2u + (bytes[at + 2] << 8 | bytes[at + 3]);
    if (!scan) continue;
    while (bytes[at] != 0xff || bytes[at + 1] == 0) ++at;
  }
  found.push_back(at);
  return found;
}

// libjpeg smooths the blocks of what is left, and its versions differ in how.
TEST(Jpeg, AProgressiveFileWithoutItsLastScans) {
  for (const std::string file : {"jpeg_progressive.jpg", "jpeg_gray_progressive.jpg", "jpeg_tiny_progressive.jpg"}) {
    const FileBytes whole = golden_bytes(file);
    const std::vector<size_t> starts = scans(whole);
    ASSERT_GT(starts.size(), 5u);
    for (size_t scan = 1; scan + 1 < starts.size(); ++scan) {
      FileBytes bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(starts[scan]));
      expect_refused(bytes, "cut off: no end marker");
      bytes.insert(bytes.end(), {0xff, kEoi});
      expect_refused(bytes, "a progressive image without its last scans");
    }
  }
}

TEST(Jpeg, AComponentWithoutScan) {
  FileBytes bytes = golden_bytes("jpeg_tiny_progressive.jpg");
  // Only the scans up to the second SOS remain: the first holds the DC of all three components.
  const size_t first = find_segment(bytes, kSos);
  bytes[first + 4] = 1;  // of one component: the segment becomes shorter
  bytes[first + 3] = 8;
  bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(first + 7), bytes.begin() + static_cast<std::ptrdiff_t>(first + 11));
  expect_refused(bytes, "damaged JPEG");
}

TEST(Jpeg, ScansAreCounted) {
  // The refinement of a DC coefficient costs one bit per block; repeating scans would cost only time.
  FileBytes bytes = golden_bytes("jpeg_tiny_progressive.jpg");
  const size_t first = find_segment(bytes, kSos);
  FileBytes head(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(first));
  const FileBytes rest(bytes.begin() + static_cast<std::ptrdiff_t>(first), bytes.end() - 2);
  for (int i = 0; i < 2; ++i) head.insert(head.end(), rest.begin(), rest.end());
  head.insert(head.end(), {0xff, kEoi});
  expect_refused(head, "damaged JPEG");
}

TEST(Jpeg, RestartMarkersMustComeInOrder) {
  FileBytes bytes = golden_bytes("jpeg_restart.jpg");
  for (size_t i = 0; i + 1 < bytes.size(); ++i)
    if (bytes[i] == 0xff && bytes[i + 1] == 0xd1) bytes[i + 1] = 0xd4;
  expect_refused(bytes, "damaged JPEG: Corrupt JPEG data: found marker 0xd4 instead of RST1");
}

/// A grey block of 8 x 8 whose coefficients have a scan each, or two: every scan says "nothing" in one bit.
FileBytes of_many_scans(int scans_per_coefficient) {
  FileBytes bytes = {0xff, 0xd8, 0xff, kDqt, 0, 67, 0};
  bytes.resize(bytes.size() + 64, 1);
  for (uint8_t table : {0x00, 0x10}) {
    bytes.insert(bytes.end(), {0xff, kDht, 0, 20, table, 1});  // one code of one bit, for symbol 0
    bytes.resize(bytes.size() + 16, 0);
  }
  bytes.insert(bytes.end(), {0xff, 0xc2, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0});
  const auto scan = [&](int k, int high, int low) {
    bytes.insert(bytes.end(), {0xff, kSos, 0, 8, 1, 1, 0, static_cast<uint8_t>(k), static_cast<uint8_t>(k),
                               static_cast<uint8_t>(high << 4 | low), 0x7f});
  };
  scan(0, 0, 0);
  for (int k = 1; k < 64; ++k)
    for (int pass = scans_per_coefficient - 1; pass >= 0; --pass) scan(k, pass + 1 < scans_per_coefficient ? pass + 1 : 0, pass);
  bytes.insert(bytes.end(), {0xff, kEoi});
  return bytes;
}

TEST(Jpeg, MoreScansThanAnyEncoderWrites) {
  EXPECT_EQ(decode_image(of_many_scans(1), "64 scans").rgb, std::vector<uint8_t>(8 * 8 * 3, 128));
  expect_refused(of_many_scans(2), "more than 100 scans");
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

TEST(Jpeg, EveryByteFlipped) { flip_every_byte("jpeg_tiny.jpg"); }
TEST(Jpeg, EveryByteFlippedProgressive) { flip_every_byte("jpeg_tiny_progressive.jpg"); }
TEST(Jpeg, EveryByteFlippedRestart) { flip_every_byte("jpeg_restart.jpg"); }
TEST(Jpeg, EveryByteFlippedCmyk) { flip_every_byte("jpeg_cmyk.jpg"); }

TEST(Jpeg, EveryByteTheHighestOrAMarker) {
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
