#include "loaders/images/bmp.h"

#include <algorithm>
#include <array>
#include <bit>

#include "loaders/images/bmp_runs.h"
#include "tensor/error.h"

namespace octet::loaders {
namespace {

constexpr size_t kFileHeader = 14, kOldHeader = 12, kPlainHeader = 40, kHeaderWithMasks = 52;
constexpr uint32_t kUncompressed = 0, kRunLength8 = 1, kRunLength4 = 2, kMasks = 3;

/// Where one color lies in a pixel.
struct Channel {
  int shift = 0;
  uint32_t largest = 255;  // value of full intensity

  /// As Pillow's unpackers: rounded down.
  uint8_t of(uint32_t pixel) const { return static_cast<uint8_t>((pixel >> shift & largest) * 255 / largest); }
};

class Parser {
 public:
  Parser(std::span<const uint8_t> bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  Image parse() {
    header();
    if (bits_ <= 8) palette();
    if (is_run_length()) return from_runs();
    const size_t row_bytes = (width_ * bits_ + 7) / 8, stride = (width_ * bits_ + 31) / 32 * 4;
    check(pixels_ <= bytes_.size() && stride * (height_ - 1) + row_bytes <= bytes_.size() - pixels_, "cut off: ", height_,
          " rows of ", stride, " bytes at byte ", pixels_, " pass the end of the file");
    return from_rows(bytes_.subspan(pixels_), stride);
  }

 private:
  template <class... Parts>
  void check(bool holds, const Parts&... problem) const {
    if (!holds) fail(name_, ": damaged BMP: ", str(problem...), "; replace the file");
  }
  template <class... Parts>
  void check_supported(bool holds, const Parts&... kind) const {
    if (!holds) fail(name_, ": ", str(kind...), " BMP is not supported; convert it");
  }

  uint32_t number(size_t at, size_t size) const {
    check(at + size <= bytes_.size(), "cut off in its header");
    uint32_t value = 0;
    for (size_t i = size; i-- > 0;) value = value << 8 | bytes_[at + i];
    return value;
  }
  uint32_t u16(size_t at) const { return number(at, 2); }
  uint32_t u32(size_t at) const { return number(at, 4); }

  bool is_run_length() const { return compression_ == kRunLength8 || compression_ == kRunLength4; }

  Image from_runs() {
    const std::vector<uint8_t> codes = read_bmp_runs(bytes_, pixels_, width_, height_, compression_ == kRunLength4);
    check(codes.size() == width_ * height_, "its runs end after ", codes.size(), " of ", width_, " x ", height_, " pixels");
    bits_ = 8;
    return from_rows(codes, width_);
  }

  Image from_rows(std::span<const uint8_t> rows, size_t stride) const {
    Image image{static_cast<int>(width_), static_cast<int>(height_), std::vector<uint8_t>(width_ * height_ * 3)};
    for (size_t y = 0; y < height_; ++y) row(&rows[stride * (top_down_ ? y : height_ - 1 - y)], &image.rgb[y * width_ * 3]);
    return image;
  }

  void header() {
    pixels_ = u32(10);
    header_ = u32(kFileHeader);
    const bool old = header_ == kOldHeader;
    constexpr std::array<size_t, 6> kKnown = {kPlainHeader, kHeaderWithMasks, 56, 64, 108, 124};
    check(old || std::ranges::count(kKnown, header_), "a header of ", header_, " bytes");
    const size_t at = kFileHeader + 4;
    int64_t width = old ? u16(at) : u32(at), height = old ? u16(at + 2) : u32(at + 4);
    top_down_ = !old && u32(at + 4) >> 24 == 0xff;
    if (top_down_) height = (int64_t{1} << 32) - height;
    check_image_size(width, height, name_);
    width_ = static_cast<size_t>(width);
    height_ = static_cast<size_t>(height);
    bits_ = u16(old ? at + 6 : at + 10);
    check_supported(bits_ == 1 || bits_ == 4 || bits_ == 8 || bits_ == 16 || bits_ == 24 || bits_ == 32, bits_, "-bit");
    compression_ = old ? kUncompressed : u32(at + 12);
    colors_ = old || u32(at + 28) == 0 ? size_t{1} << std::min<size_t>(bits_, 8) : u32(at + 28);
    entry_ = old ? 3 : 4;
    const bool known = is_run_length() ? bits_ <= 8 : compression_ == kUncompressed || (compression_ == kMasks && bits_ > 8);
    check_supported(known, bits_, "-bit, compressed (", compression_, ")");
    if (compression_ == kMasks)
      masks();
    else if (bits_ == 16)
      channels_ = {{{10, 31}, {5, 31}, {0, 31}}};
    if (pixels_ == 0) pixels_ = kFileHeader + header_ + palette_at_ + (bits_ <= 8 ? colors_ * entry_ : 0);
  }

  void masks() {
    if (header_ == kPlainHeader) palette_at_ += 12;
    const size_t at = kFileHeader + kPlainHeader;
    if (u32(at) == 0 && u32(at + 4) == 0 && u32(at + 8) == 0) return;  // as without masks
    for (size_t c = 0; c < 3; ++c) {
      const uint32_t mask = u32(at + 4 * c);
      const int shift = std::countr_zero(mask), width = std::popcount(mask);
      const bool known = mask != 0 && mask >> shift == (uint64_t{1} << width) - 1 &&
                         (bits_ == 16 ? width == 5 || (width == 6 && c == 1) : width == 8 && shift % 8 == 0);
      check_supported(known, bits_, "-bit, color mask ", mask);
      channels_[c] = {shift, mask >> shift};
    }
  }

  /// Blue, green, red, and a byte of nothing but in the oldest files. What a file does not define is black.
  void palette() {
    const size_t at = kFileHeader + header_ + palette_at_;
    check(colors_ <= 65536, "a palette of ", colors_, " colors");
    check(at + colors_ * entry_ <= bytes_.size(), "cut off in its palette");
    if (pixels_ == kFileHeader + header_) pixels_ += entry_ * colors_;  // some writers forget the palette
    for (size_t i = 0; i < std::min(colors_, palette_.size()); ++i)
      for (size_t c = 0; c < 3; ++c) palette_[i][c] = bytes_[at + i * entry_ + 2 - c];
    grays(at);
  }

  /// Pillow takes a palette of grays in order for no palette: what it does not define is not black. From its size Pillow also
  /// concludes how many bits a pixel has; a file that says otherwise is refused.
  void grays(size_t at) {
    const bool two = colors_ <= 2;
    for (size_t i = 0; i < colors_ * entry_; ++i)
      if (i % entry_ < 3 && bytes_[at + i] != static_cast<uint8_t>(colors_ == 2 ? 255 * (i / entry_) : i / entry_)) return;
    check_supported(is_run_length() || bits_ == (two ? 1 : 8), bits_, "-bit, ", colors_, "-gray");
    for (size_t i = 0; i < palette_.size(); ++i) palette_[i].fill(static_cast<uint8_t>(two && i > 0 ? 255 : i));
  }

  void row(const uint8_t* in, uint8_t* out) const {
    for (size_t x = 0; x < width_; ++x, out += 3) {
      if (bits_ <= 8) {
        const size_t bit = x * bits_, index = in[bit / 8] >> (8 - bits_ - bit % 8) & ((1u << bits_) - 1);
        std::ranges::copy(palette_[index], out);
        continue;
      }
      uint32_t pixel = 0;
      for (size_t i = bits_ / 8; i-- > 0;) pixel = pixel << 8 | in[x * (bits_ / 8) + i];
      for (size_t c = 0; c < 3; ++c) out[c] = channels_[c].of(pixel);
    }
  }

  std::span<const uint8_t> bytes_;
  const std::string& name_;
  size_t pixels_ = 0, header_ = 0, width_ = 0, height_ = 0, bits_ = 0, colors_ = 0;
  uint32_t compression_ = kUncompressed;
  size_t entry_ = 4, palette_at_ = 0;  // bytes of a palette entry, and between header and palette
  bool top_down_ = false;
  std::array<Channel, 3> channels_ = {{{16}, {8}, {0}}};
  std::array<std::array<uint8_t, 3>, 256> palette_{};
};

}  // namespace

Image decode_bmp(std::span<const uint8_t> bytes, const std::string& name) { return Parser(bytes, name).parse(); }

}  // namespace octet::loaders
