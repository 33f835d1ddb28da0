// The entropy-coded part of a JPEG: Huffman tables, and a walk over one scan that reads every code and decodes no pixel.
//
// A scan's bytes are blocks of Huffman codes (ITU-T T.81, annexes F and G). walk_scan follows them as a decoder would, so that a
// decoder afterwards never runs out of bits, out of a table or out of a number's range: stb_image 2.27 shifts by more than the
// width of an int, overflows the DC predictor and leaves pixels uninitialised when it does. What must be remembered between
// scans is little: the DC predictors, and for progressive files one bit per coefficient, "already nonzero".
// It does not dequantise, transform or colour-convert. Counterpart: libjpeg's jdhuff.c and jdphuff.c, which warn instead.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace octet::loaders {

/// One Huffman table: codes of up to 9 bits by a look-up, longer ones by their first code per length.
class JpegHuffman {
 public:
  JpegHuffman() = default;
  /// counts: codes of each length 1..16. False when there are more codes than bit patterns.
  bool build(std::span<const uint8_t> counts, std::span<const uint8_t> symbols);

  bool defined() const { return defined_; }
  /// The next symbol in the upper bits of `window` (left-aligned, 16 bits are looked at) and the length of its code; 0: no code.
  int decode(uint64_t window, int& symbol) const {
    if (const uint16_t entry = short_codes_[window >> (64 - kShortBits)]) {
      symbol = entry & 255;
      return entry >> 8;
    }
    return decode_long(static_cast<int>(window >> 48), symbol);
  }

 private:
  static constexpr int kShortBits = 9;
  int decode_long(int window16, int& symbol) const;

  std::array<uint16_t, 1 << kShortBits> short_codes_{};  // length << 8 | symbol
  std::array<int, 17> end_{};                            // first 16-bit window after the codes of this length
  std::array<int, 17> first_symbol_{};                   // index of the first symbol minus its code
  std::vector<uint8_t> symbols_;
  bool defined_ = false;
};

struct JpegComponent {
  int id = 0, horizontal = 1, vertical = 1, quant_table = 0;
  int blocks_wide = 0, blocks_high = 0;  // of 8x8 samples, as a scan of this component alone has them
  int stride = 0;                        // blocks per row, padded to whole MCUs
  std::vector<uint64_t> nonzero;         // progressive: per block, bit k = coefficient k (zigzag order) is nonzero
  std::array<int8_t, 64> precision{};    // per coefficient: lowest bit coded so far, kUnseen before its first scan
};
inline constexpr int8_t kUnseen = -1;

struct JpegFrame {
  bool progressive = false;
  int width = 0, height = 0;
  int mcus_wide = 0, mcus_high = 0;
  std::vector<JpegComponent> components;
};

struct JpegScan {
  struct Part {
    size_t component = 0;
    const JpegHuffman *dc = nullptr, *ac = nullptr;
  };
  std::vector<Part> parts;
  int spectral_start = 0, spectral_end = 63;      // Ss, Se: coefficients in zigzag order
  int approximation_high = 0, approximation = 0;  // Ah, Al: the bit before, the bit of this scan
  int restart_interval = 0;                       // MCUs, 0: none
};

/// Walks the scan whose data begins at `offset`, and returns where the next marker is. Throws Error for data that is not intact.
size_t walk_scan(JpegFrame& frame, const JpegScan& scan, std::span<const uint8_t> bytes, size_t offset, const std::string& name);

}  // namespace octet::loaders
