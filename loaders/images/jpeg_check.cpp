#include "loaders/images/jpeg_check.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "loaders/images/image.h"
#include "tensor/error.h"

namespace octet::loaders {
namespace {

// A scan of a few bytes can stand for millions of blocks, so scans are counted; encoders write about ten.
constexpr int kMaxScans = 100;
// Symbols of one Huffman table. T.81 has at most 162; with 256, stb_image's look-up table would take the last for "none".
constexpr size_t kMaxSymbols = 255;
constexpr int kMaxDcSize = 15;  // bits of a DC difference that a 16-bit coefficient can hold

enum Marker : int { kSof0 = 0xc0, kSof2 = 0xc2, kDht = 0xc4, kSoi = 0xd8, kEoi = 0xd9, kSos = 0xda, kDqt = 0xdb, kDri = 0xdd };

std::string_view unsupported_kind(int marker) {
  switch (marker) {
    case 0xc3:
      return "lossless";
    case 0xc5:
    case 0xc6:
    case 0xc7:
      return "hierarchical";
    case 0xc9:
    case 0xca:
    case 0xcb:
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return "arithmetic-coded";
    case 0xdc:
      return "DNL (height after the scan)";
    default:
      return "";
  }
}

int ceil_div(int a, int b) { return (a + b - 1) / b; }

class Parser {
 public:
  Parser(std::span<const uint8_t> bytes, const std::string& name) : bytes_(bytes), end_(bytes.size()), name_(name) {}

  JpegFrame parse() {
    check(marker() == kSoi, "does not begin with SOI");
    for (int m = marker(); m != kEoi; m = marker()) segment(m);
    check(!frame_.components.empty(), "no frame header (SOF) before the end");
    for (const JpegComponent& c : frame_.components)
      check(c.precision[0] != kUnseen, "component ", c.id, " has no scan, its pixels are missing");
    if (is_cmyk())
      check(adobe_transform_ == 0 || adobe_transform_ == 2, "4 components, but no Adobe marker that says CMYK or YCCK");
    return std::move(frame_);
  }

 private:
  template <class... Parts>
  void check(bool holds, const Parts&... problem) const {
    if (!holds) fail(name_, ": damaged JPEG: ", str(problem...), " (byte ", at_, "); replace the file");
  }
  template <class... Parts>
  void check_supported(bool holds, const Parts&... kind) const {
    if (!holds) fail(name_, ": ", str(kind...), " JPEG is not supported, expected 8-bit baseline or progressive; convert it");
  }

  int u8() {
    check(at_ < end_, end_ == bytes_.size() ? "cut off" : "a segment that is too short");
    return bytes_[at_++];
  }
  int u16() {
    const int high = u8();
    return high << 8 | u8();
  }

  int marker() {
    check(at_ < bytes_.size(), "cut off: no end marker (EOI)");
    check(u8() == 0xff, "no marker where one is expected");
    int m = u8();
    while (m == 0xff) m = u8();  // fill bytes
    return m;
  }

  /// One marker's segment: end_ is its end while its parser runs, and the parser must reach it.
  void segment(int m) {
    const std::string_view kind = unsupported_kind(m);
    check_supported(kind.empty(), kind);
    check(m >= kSof0 && m != kSoi && !(m >= 0xd0 && m <= 0xd7), "unexpected marker ", m);
    const size_t length = static_cast<size_t>(u16());
    check(length >= 2 && length - 2 <= bytes_.size() - at_, "a segment of ", length, " bytes passes the end of the file");
    end_ = at_ + length - 2;
    if (m >= kSof0 && m <= kSof2)
      frame(m == kSof2);
    else if (m == kDht)
      huffman_tables();
    else if (m == kDqt)
      quantization_tables();
    else if (m == kDri)
      restart_interval_ = u16();
    else if (m == kSos)
      scan_header();
    else if (m == 0xee)
      adobe();
    else if ((m >= 0xe0 && m <= 0xef) || m == 0xfe)
      at_ = end_;
    else
      check(false, "unexpected marker ", m);
    check(at_ == end_, "a segment of the wrong length");
    end_ = bytes_.size();
    if (m == kSos) at_ = walk_scan(frame_, scan_, bytes_, at_, name_);
  }

  void frame(bool progressive) {
    check(frame_.components.empty(), "a second frame header");
    const int precision = u8();
    check_supported(precision == 8, precision, "-bit");
    frame_.progressive = progressive;
    frame_.height = u16();
    frame_.width = u16();
    check_image_size(frame_.width, frame_.height, name_);
    const int n = u8();
    check(n == 1 || n == 3 || n == 4, n, " components, expected 1, 3 or 4");
    for (int i = 0; i < n; ++i) component();
    lay_out_blocks();
  }

  void component() {
    JpegComponent c;
    c.id = u8();
    const int sampling = u8();
    c.horizontal = sampling >> 4;
    c.vertical = sampling & 15;
    c.quant_table = u8();
    check(!index_of(c.id), "two components with id ", c.id);
    check(c.horizontal >= 1 && c.horizontal <= 4 && c.vertical >= 1 && c.vertical <= 4, "sampling factors outside 1..4");
    check(c.quant_table <= 3, "quantization table ", c.quant_table, ", expected 0..3");
    c.precision.fill(kUnseen);
    frame_.components.push_back(std::move(c));
  }

  void lay_out_blocks() {
    int horizontal = 1, vertical = 1;
    for (const JpegComponent& c : frame_.components) {
      horizontal = std::max(horizontal, c.horizontal);
      vertical = std::max(vertical, c.vertical);
    }
    frame_.mcus_wide = ceil_div(frame_.width, 8 * horizontal);
    frame_.mcus_high = ceil_div(frame_.height, 8 * vertical);
    for (JpegComponent& c : frame_.components) {
      check_supported(horizontal % c.horizontal == 0 && vertical % c.vertical == 0, "fractionally subsampled");
      c.blocks_wide = ceil_div(ceil_div(frame_.width * c.horizontal, horizontal), 8);
      c.blocks_high = ceil_div(ceil_div(frame_.height * c.vertical, vertical), 8);
      c.stride = frame_.mcus_wide * c.horizontal;
      if (frame_.progressive) c.nonzero.resize(static_cast<size_t>(c.stride) * frame_.mcus_high * c.vertical);
    }
  }

  void huffman_tables() {
    while (at_ < end_) {
      const int which = u8(), kind = which >> 4, id = which & 15;
      check(kind <= 1 && id <= 3, "Huffman table ", which, ", expected DC or AC 0..3");
      std::array<uint8_t, 16> counts{};
      size_t total = 0;
      for (uint8_t& count : counts) total += count = static_cast<uint8_t>(u8());
      check(total <= kMaxSymbols && total <= end_ - at_, "a Huffman table of ", total, " symbols that its segment cannot hold");
      const auto symbols = bytes_.subspan(at_, total);
      at_ += total;
      check(kind == 1 || std::ranges::all_of(symbols, [](int s) { return s <= kMaxDcSize; }), "a DC symbol above 15");
      check((kind == 0 ? dc_ : ac_)[id].build(counts, symbols), "a Huffman table with more codes than bit patterns");
    }
  }

  void quantization_tables() {
    while (at_ < end_) {
      const int which = u8(), wide = which >> 4, id = which & 15;
      check(wide <= 1 && id <= 3, "quantization table ", which, ", expected 8 or 16 bits and 0..3");
      const size_t size = wide ? 128 : 64;
      check(size <= end_ - at_, "a quantization table that its segment cannot hold");
      at_ += size;
      quantization_defined_[id] = true;
    }
  }

  // Adobe's APP14: "Adobe", version, flags, flags, color transform (0: as stored, CMYK; 1: YCbCr; 2: YCCK).
  void adobe() {
    constexpr std::string_view kTag = "Adobe";
    constexpr size_t kTransform = 11;
    const auto data = bytes_.subspan(at_, end_ - at_);
    if (data.size() > kTransform && std::equal(kTag.begin(), kTag.end(), data.begin())) adobe_transform_ = data[kTransform];
    at_ = end_;
  }

  void scan_header() {
    check(!frame_.components.empty(), "a scan before the frame header");
    check(++scans_ <= kMaxScans, "more than ", kMaxScans, " scans");
    scan_ = {.parts = {}, .restart_interval = restart_interval_};
    const int n = u8();
    check(n >= 1 && n <= static_cast<int>(frame_.components.size()), "a scan of ", n, " components");
    std::array<int, 4> tables{};
    for (int i = 0; i < n; ++i) {
      const int id = u8();
      const auto index = index_of(id);
      check(index.has_value(), "a scan of component ", id, ", which the frame does not have");
      for (const auto& part : scan_.parts) check(part.component != *index, "component ", id, " twice in a scan");
      tables[i] = u8();
      scan_.parts.push_back({.component = *index});
    }
    scan_.spectral_start = u8();
    scan_.spectral_end = u8();
    const int approximation = u8();
    scan_.approximation_high = approximation >> 4;
    scan_.approximation = approximation & 15;
    if (!frame_.progressive) scan_.spectral_end = 63;  // some encoders write 0
    check_progression();
    for (int i = 0; i < n; ++i) find_tables(scan_.parts[i], tables[i] >> 4, tables[i] & 15);
  }

  /// Sequential scans hold whole blocks, once. Progressive ones hold a band, whose bits come from high to low, DC first.
  void check_progression() {
    const int start = scan_.spectral_start, end = scan_.spectral_end;
    const int high = scan_.approximation_high, low = scan_.approximation;
    if (frame_.progressive)
      check(start <= end && end <= 63 && (start == 0) == (end == 0) && (start == 0 || scan_.parts.size() == 1) && low <= 13 &&
                (high == 0 || high == low + 1),
            "a progressive scan with impossible parameters");
    else
      check(start == 0 && high == 0 && low == 0, "a sequential scan with progressive parameters");
    for (const auto& part : scan_.parts) {
      JpegComponent& c = frame_.components[part.component];
      check(start == 0 || c.precision[0] != kUnseen, "AC coefficients of component ", c.id, " before its DC");
      for (int k = start; k <= end; ++k) {
        check(c.precision[k] == (high == 0 ? kUnseen : high), "coefficient ", k, " of component ", c.id, " out of sequence");
        c.precision[k] = static_cast<int8_t>(low);
      }
    }
  }

  void find_tables(JpegScan::Part& part, int dc, int ac) {
    const JpegComponent& c = frame_.components[part.component];
    check(dc <= 3 && ac <= 3, "Huffman tables ", dc, " and ", ac, ", expected 0..3");
    part.dc = &dc_[dc];
    part.ac = &ac_[ac];
    const bool needs_dc = scan_.spectral_start == 0 && scan_.approximation_high == 0, needs_ac = scan_.spectral_end > 0;
    check(!needs_dc || part.dc->defined(), "DC Huffman table ", dc, " is missing (DHT)");
    check(!needs_ac || part.ac->defined(), "AC Huffman table ", ac, " is missing (DHT)");
    check(quantization_defined_[c.quant_table], "quantization table ", c.quant_table, " is missing (DQT)");
  }

  std::optional<size_t> index_of(int id) const {
    for (size_t i = 0; i < frame_.components.size(); ++i)
      if (frame_.components[i].id == id) return i;
    return std::nullopt;
  }
  bool is_cmyk() const { return frame_.components.size() == 4; }

  std::span<const uint8_t> bytes_;
  size_t at_ = 0, end_;
  const std::string& name_;
  JpegFrame frame_;
  JpegScan scan_;
  std::array<JpegHuffman, 4> dc_, ac_;
  std::array<bool, 4> quantization_defined_{};
  int restart_interval_ = 0, scans_ = 0;
  int adobe_transform_ = -1;
};

}  // namespace

JpegFrame check_jpeg(std::span<const uint8_t> bytes, const std::string& name) { return Parser(bytes, name).parse(); }

}  // namespace octet::loaders
