#include "loaders/images/jpeg_scan.h"

#include <cstdlib>

#include "tensor/error.h"

namespace octet::loaders {

bool JpegHuffman::build(std::span<const uint8_t> counts, std::span<const uint8_t> symbols) {
  *this = JpegHuffman();
  symbols_.assign(symbols.begin(), symbols.end());
  int code = 0, index = 0;
  for (int length = 1; length <= 16; ++length) {
    first_symbol_[length] = index - code;
    for (int i = 0; i < counts[length - 1]; ++i, ++code, ++index) {
      if (code >= 1 << length) return false;
      if (length > kShortBits) continue;
      const int repeat = 1 << (kShortBits - length);  // every window that begins with this code
      for (int r = 0; r < repeat; ++r) short_codes_[code * repeat + r] = static_cast<uint16_t>(length << 8 | symbols_[index]);
    }
    end_[length] = code << (16 - length);
    code <<= 1;
  }
  defined_ = true;
  return true;
}

int JpegHuffman::decode_long(int window16, int& symbol) const {
  for (int length = kShortBits + 1; length <= 16; ++length)
    if (window16 < end_[length]) {
      symbol = symbols_[(window16 >> (16 - length)) + first_symbol_[length]];
      return length;
    }
  return 0;
}

namespace {

/// Bits of a scan, first bit first. 0xff00 stands for a byte 0xff; any other 0xff begins a marker, where the bits end.
class BitReader {
 public:
  BitReader(std::span<const uint8_t> bytes, size_t offset, const std::string& name) : bytes_(bytes), at_(offset), name_(name) {}

  int symbol(const JpegHuffman& table) {
    if (count_ < 32) fill();
    int symbol = 0;
    const int length = table.decode(window_, symbol);
    check(length != 0, "a code that its Huffman table does not have");
    drop(length);
    return symbol;
  }

  int bits(int n) {
    if (n == 0) return 0;
    if (count_ < n) fill();
    const int value = static_cast<int>(window_ >> (64 - n));
    drop(n);
    return value;
  }

  /// A number of n bits in T.81's signed form (F.2.2.1, EXTEND): the first bit says the sign.
  int signed_bits(int n) {
    const int value = bits(n);
    return n == 0 || value >> (n - 1) ? value : value - (1 << n) + 1;
  }

  void restart(int index) {
    fill();
    const size_t code = after_fill_bytes();
    check(count_ < 8 && code < bytes_.size() && bytes_[code] == 0xd0 + index % 8, "no restart marker where one is due");
    at_ = code + 1;
    window_ = 0;
    count_ = 0;
  }

  /// Position of the next marker; what is left of the scan's data is passed over.
  size_t finish() {
    for (; at_ + 1 < bytes_.size(); ++at_)
      if (bytes_[at_] == 0xff && bytes_[at_ + 1] != 0 && bytes_[at_ + 1] != 0xff) return at_;
    at_ = bytes_.size();
    check(false, "no marker after the scan: the file is cut off");
    return at_;
  }

  void check(bool holds, const char* problem) const {
    OCTET_CHECK(holds, name_, ": damaged JPEG: ", problem, " (byte ", at_, "); replace the file");
  }

 private:
  size_t after_fill_bytes() const {
    size_t next = at_;
    while (next < bytes_.size() && bytes_[next] == 0xff) ++next;
    return next;
  }

  void fill() {
    while (count_ <= 56 && at_ < bytes_.size()) {
      const uint8_t byte = bytes_[at_];
      if (byte == 0xff) {
        const size_t code = after_fill_bytes();
        if (code >= bytes_.size() || bytes_[code] != 0) return;  // a marker
        at_ = code;
      }
      ++at_;
      window_ |= static_cast<uint64_t>(byte) << (56 - count_);
      count_ += 8;
    }
  }

  void drop(int n) {
    check(n <= count_, "the scan's data ends early");
    window_ <<= n;
    count_ -= n;
  }

  std::span<const uint8_t> bytes_;
  size_t at_;
  const std::string& name_;
  uint64_t window_ = 0;  // the next bits, left-aligned, zeros after them
  int count_ = 0;
};

constexpr int kMaxCoefficient = 32767;  // decoders keep coefficients in 16 bits

class ScanWalker {
 public:
  ScanWalker(const JpegScan& scan, BitReader& reader) : scan_(scan), reader_(reader) {}

  void restart() {
    dc_.fill(0);
    eob_run_ = 0;
  }

  void sequential_block(size_t part) {
    dc_difference(part, 0);
    for (int k = 1; k < 64; ++k) {
      const int symbol = reader_.symbol(*scan_.parts[part].ac), run = symbol >> 4, size = symbol & 15;
      if (size == 0 && run != 15) return;  // end of block
      k += run;
      reader_.check(k < 64, "a coefficient outside its block");
      reader_.bits(size);
    }
  }

  void progressive_block(size_t part, uint64_t& nonzero) {
    if (scan_.spectral_start == 0)
      scan_.approximation_high == 0 ? dc_difference(part, scan_.approximation) : void(reader_.bits(1));
    else
      scan_.approximation_high == 0 ? ac_first(*scan_.parts[part].ac, nonzero) : ac_refine(*scan_.parts[part].ac, nonzero);
  }

 private:
  void dc_difference(size_t part, int shift) {
    dc_[part] += reader_.signed_bits(reader_.symbol(*scan_.parts[part].dc));
    reader_.check(std::abs(dc_[part]) <= kMaxCoefficient >> shift, "a DC coefficient out of range");
  }

  // G.1.2.2: the first bits of coefficients spectral_start..spectral_end.
  void ac_first(const JpegHuffman& table, uint64_t& nonzero) {
    if (eob_run_ > 0) {
      --eob_run_;
      return;
    }
    for (int k = scan_.spectral_start; k <= scan_.spectral_end; ++k) {
      const int symbol = reader_.symbol(table), run = symbol >> 4, size = symbol & 15;
      if (size == 0 && run < 15) {
        eob_run_ = (1 << run) - 1 + reader_.bits(run);
        return;
      }
      k += run;
      reader_.check(k <= scan_.spectral_end, "a coefficient outside its band");
      reader_.check(size + scan_.approximation <= 15, "an AC coefficient out of range");
      reader_.bits(size);
      if (size) nonzero |= uint64_t{1} << k;
    }
  }

  // G.1.2.3: one more bit for the nonzero coefficients, and coefficients that become nonzero with this bit.
  void ac_refine(const JpegHuffman& table, uint64_t& nonzero) {
    int k = scan_.spectral_start;
    while (eob_run_ == 0 && k <= scan_.spectral_end) {
      const int symbol = reader_.symbol(table), run = symbol >> 4, size = symbol & 15;
      if (size == 0 && run < 15) {
        eob_run_ = (1 << run) + reader_.bits(run);
        break;
      }
      reader_.check(size <= 1, "a refinement of more than one bit");
      reader_.bits(size);
      k = pass_zeros(k, run, nonzero);
      reader_.check(k <= scan_.spectral_end, "a coefficient outside its band");
      if (size) nonzero |= uint64_t{1} << k;
      ++k;
    }
    if (eob_run_ > 0) {
      pass_zeros(k, 64, nonzero);
      --eob_run_;
    }
  }

  /// From k over `run` zero coefficients to the next zero one; reads the correction bit of each nonzero one on the way.
  int pass_zeros(int k, int run, uint64_t nonzero) {
    for (; k <= scan_.spectral_end; ++k)
      if (nonzero >> k & 1)
        reader_.bits(1);
      else if (run-- == 0)
        break;
    return k;
  }

  const JpegScan& scan_;
  BitReader& reader_;
  std::array<int, 4> dc_{};
  int eob_run_ = 0;  // blocks that end here without a code of their own
};

}  // namespace

size_t walk_scan(JpegFrame& frame, const JpegScan& scan, std::span<const uint8_t> bytes, size_t offset, const std::string& name) {
  BitReader reader(bytes, offset, name);
  ScanWalker walker(scan, reader);
  const auto block = [&](size_t part, int row, int column) {
    JpegComponent& component = frame.components[scan.parts[part].component];
    if (frame.progressive)
      walker.progressive_block(part, component.nonzero[static_cast<size_t>(row) * component.stride + column]);
    else
      walker.sequential_block(part);
  };
  // A scan of one component has its blocks row by row; several are interleaved by MCU, each giving its vertical x horizontal.
  const JpegComponent& first = frame.components[scan.parts[0].component];
  const bool alone = scan.parts.size() == 1;
  const int rows = alone ? first.blocks_high : frame.mcus_high, columns = alone ? first.blocks_wide : frame.mcus_wide;
  int since_restart = 0, restarts = 0;
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      if (scan.restart_interval && since_restart++ == scan.restart_interval) {
        reader.restart(restarts++);
        walker.restart();
        since_restart = 1;
      }
      if (alone) {
        block(0, row, column);
        continue;
      }
      for (size_t part = 0; part < scan.parts.size(); ++part) {
        const JpegComponent& c = frame.components[scan.parts[part].component];
        for (int y = 0; y < c.vertical; ++y)
          for (int x = 0; x < c.horizontal; ++x) block(part, row * c.vertical + y, column * c.horizontal + x);
      }
    }
  return reader.finish();
}

}  // namespace octet::loaders
