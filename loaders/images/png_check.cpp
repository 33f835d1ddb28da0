#include "loaders/images/png_check.h"

#include <zlib.h>

#include <array>
#include <cstring>
#include <string_view>

#include "loaders/files/bytes.h"
#include "loaders/files/checksums.h"
#include "loaders/images/image.h"
#include "tensor/error.h"

namespace octet::loaders {
namespace {

constexpr std::array<uint8_t, 8> kSignature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr size_t kChunkOverhead = 12;  // length, type, CRC
constexpr size_t kPaletteBytes = 256 * 3;

uint32_t u32(std::span<const uint8_t> b, size_t at) {
  return uint32_t{b[at]} << 24 | uint32_t{b[at + 1]} << 16 | uint32_t{b[at + 2]} << 8 | b[at + 3];
}

struct Chunk {
  std::string_view type;
  std::span<const uint8_t> data;
  bool critical() const { return !(type[0] & 0x20); }
};

int channels(PngColor color) {
  switch (color) {
    case PngColor::rgb:
      return 3;
    case PngColor::gray_alpha:
      return 2;
    case PngColor::rgb_alpha:
      return 4;
    default:
      return 1;
  }
}

/// The PNG specification's table of allowed combinations (11.2.2).
bool legal(int depth, int color) {
  switch (color) {
    case 0:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case 3:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case 2:
    case 4:
    case 6:
      return depth == 8 || depth == 16;
    default:
      return false;
  }
}

/// zlib's stream that is inflated into nothing but a count.
class InflateCount {
 public:
  InflateCount() { OCTET_CHECK(inflateInit(&stream_) == Z_OK, "zlib: cannot start to inflate: out of memory"); }
  ~InflateCount() { inflateEnd(&stream_); }
  InflateCount(const InflateCount&) = delete;
  InflateCount& operator=(const InflateCount&) = delete;

  /// Null, or what is wrong. Stops as soon as more than `limit` bytes have come out.
  const char* feed(std::span<const uint8_t> data, uint64_t limit) {
    stream_.next_in = const_cast<Bytef*>(data.data());
    stream_.avail_in = static_cast<uInt>(data.size());
    stream_.avail_out = 0;
    while (!ended_ && (stream_.avail_in > 0 || stream_.avail_out == 0)) {  // a full buffer: there may be more to come
      stream_.next_out = scratch_.data();
      stream_.avail_out = static_cast<uInt>(scratch_.size());
      const int status = inflate(&stream_, Z_NO_FLUSH);
      total_ += scratch_.size() - stream_.avail_out;
      if (total_ > limit) return "more pixel data than the header asks for";
      if (status == Z_STREAM_END)
        ended_ = true;
      else if (status == Z_BUF_ERROR)
        break;  // wants the next chunk
      else if (status != Z_OK)
        return stream_.msg ? stream_.msg : "not a zlib stream";
    }
    return nullptr;
  }
  uint64_t total() const { return total_; }
  bool ended() const { return ended_; }

 private:
  z_stream stream_{};
  std::vector<Bytef> scratch_ = std::vector<Bytef>(1 << 16);
  uint64_t total_ = 0;
  bool ended_ = false;
};

class Parser {
 public:
  Parser(std::span<const uint8_t> bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  CheckedPng parse() {
    check(bytes_.size() >= kSignature.size() && !std::memcmp(bytes_.data(), kSignature.data(), kSignature.size()),
          "does not begin with the signature");
    at_ = kSignature.size();
    png_.bytes.assign(kSignature.begin(), kSignature.end());
    Chunk chunk = next();
    check(chunk.type == "IHDR" && chunk.data.size() == 13, "does not begin with an IHDR chunk of 13 bytes");
    header(chunk.data);
    append("IHDR", chunk.data);
    for (chunk = next(); chunk.type != "IEND"; chunk = next()) body(chunk);
    check(!idat_.empty(), "no IDAT chunk before IEND");
    finish_pixels();
    append("IDAT", idat_);
    append("IEND", {});
    return std::move(png_);
  }

 private:
  template <class... Parts>
  void check(bool holds, const Parts&... problem) const {
    if (!holds) fail(name_, ": damaged PNG: ", str(problem...), " (byte ", at_, "); replace the file");
  }

  Chunk next() {
    check(bytes_.size() - at_ >= kChunkOverhead, "cut off: no IEND chunk");
    const uint64_t length = u32(bytes_, at_);
    check(length <= bytes_.size() - at_ - kChunkOverhead, "cut off: a chunk of ", length, " bytes passes the end of the file");
    const auto body = bytes_.subspan(at_ + 4, 4 + length);  // type and data, which the CRC covers
    const std::string_view type(reinterpret_cast<const char*>(body.data()), 4);
    const auto crc = static_cast<uint32_t>(crc32(0, body.data(), static_cast<uInt>(body.size())));
    check(crc == u32(bytes_, at_ + 8 + length) || !loaders::kChecksumsCount, "wrong CRC in chunk ", loaders::quoted(type));
    at_ += kChunkOverhead + length;
    return {type, body.subspan(4)};
  }

  void header(std::span<const uint8_t> data) {
    const uint32_t width = u32(data, 0), height = u32(data, 4);
    check_image_size(width, height, name_);
    check(legal(data[8], data[9]), "bit depth ", int{data[8]}, " with color type ", int{data[9]});
    check(data[10] == 0 && data[11] == 0 && data[12] <= 1, "unknown compression, filter or interlace method");
    png_.width = static_cast<int>(width);
    png_.height = static_cast<int>(height);
    png_.bit_depth = data[8];
    png_.color = static_cast<PngColor>(data[9]);
    expected_ = data[12] ? interlaced_bytes() : pass_bytes(width, height);
  }

  /// Filter byte and packed samples of each row of one pass.
  uint64_t pass_bytes(uint64_t width, uint64_t height) const {
    if (width == 0) return 0;
    const auto bits = static_cast<uint64_t>(png_.bit_depth) * static_cast<uint64_t>(channels(png_.color));
    return (1 + (width * bits + 7) / 8) * height;
  }

  uint64_t interlaced_bytes() const {
    struct Pass {
      int x, y, step_x, step_y;
    };
    constexpr std::array<Pass, 7> kAdam7 = {
        {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}};
    uint64_t total = 0;
    for (const Pass& p : kAdam7)
      total += pass_bytes(static_cast<uint64_t>((png_.width - p.x + p.step_x - 1) / p.step_x),
                          static_cast<uint64_t>((png_.height - p.y + p.step_y - 1) / p.step_y));
    return total;
  }

  void body(const Chunk& chunk) {
    const bool is_idat = chunk.type == "IDAT";
    if (!is_idat && !idat_.empty()) idat_run_over_ = true;
    if (chunk.type == "PLTE")
      palette(chunk.data);
    else if (is_idat)
      pixels(chunk.data);
    else
      check(!chunk.critical(), "unexpected critical chunk ", loaders::quoted(chunk.type));
  }

  void palette(std::span<const uint8_t> data) {
    check(!has_palette_ && idat_.empty() && !data.empty() && data.size() % 3 == 0 && data.size() <= kPaletteBytes,
          "a PLTE chunk that is misplaced or not 1 to 256 colors");
    has_palette_ = true;
    if (png_.color != PngColor::palette) return;  // only a suggestion
    std::vector<uint8_t> whole(data.begin(), data.end());
    whole.resize(kPaletteBytes);
    append("PLTE", whole);
  }

  void pixels(std::span<const uint8_t> data) {
    check(png_.color != PngColor::palette || has_palette_, "a palette image without PLTE chunk");
    check(!idat_run_over_, "IDAT chunks that do not follow each other");
    const char* problem = inflated_.feed(data, expected_);
    check(problem == nullptr, "pixel data: ", problem ? problem : "");
    idat_.insert(idat_.end(), data.begin(), data.end());
  }

  void finish_pixels() const {
    check(inflated_.total() == expected_, "pixel data ends after ", inflated_.total(), " of ", expected_, " bytes");
    check(inflated_.ended(), "pixel data without its checksum");
  }

  void append(std::string_view type, std::span<const uint8_t> data) {
    const auto put = [this](uint32_t v) {
      for (int shift = 24; shift >= 0; shift -= 8) png_.bytes.push_back(static_cast<uint8_t>(v >> shift));
    };
    put(static_cast<uint32_t>(data.size()));
    const size_t begin = png_.bytes.size();
    png_.bytes.insert(png_.bytes.end(), type.begin(), type.end());
    png_.bytes.insert(png_.bytes.end(), data.begin(), data.end());
    put(static_cast<uint32_t>(crc32(0, &png_.bytes[begin], static_cast<uInt>(4 + data.size()))));
  }

  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  const std::string& name_;
  CheckedPng png_;
  bool has_palette_ = false, idat_run_over_ = false;
  std::vector<uint8_t> idat_;
  InflateCount inflated_;
  uint64_t expected_ = 0;
};

}  // namespace

CheckedPng check_png(std::span<const uint8_t> bytes, const std::string& name) { return Parser(bytes, name).parse(); }

}  // namespace octet::loaders
