#include "loaders/images/bmp_runs.h"

#include <algorithm>

namespace octet::loaders {
namespace {

constexpr uint8_t kEndOfRow = 0, kEndOfImage = 1, kPassOver = 2;  // after a 0; larger numbers count codes

class RunReader {
 public:
  RunReader(std::span<const uint8_t> bytes, size_t at, size_t width, size_t height, bool four_bits)
      : bytes_(bytes), at_(std::min(at, bytes.size())), width_(width), pixels_(width * height), four_bits_(four_bits) {}

  std::vector<uint8_t> read() {
    while (codes_.size() < pixels_ && left() >= 2) {
      const uint8_t count = next(), code = next();
      if (count > 0)
        run(count, code);
      else if (code == kEndOfRow)
        end_row();
      else if (code == kEndOfImage)
        break;
      else if (code == kPassOver)
        pass_over();
      else
        one_by_one(code);
    }
    return std::move(codes_);
  }

 private:
  size_t left() const { return bytes_.size() - at_; }
  uint8_t next() { return bytes_[at_++]; }
  void skip(size_t count) { codes_.insert(codes_.end(), std::min(count, pixels_ - codes_.size()), 0); }

  void run(size_t count, uint8_t code) {
    count = std::min(count, width_ - std::min(in_row_, width_));
    for (size_t i = 0; i < count; ++i) codes_.push_back(four_bits_ ? half(code, i) : code);
    in_row_ += count;
  }

  void end_row() {
    if (codes_.size() % width_ != 0) skip(width_ - codes_.size() % width_);
    in_row_ = 0;
  }

  void pass_over() {
    if (left() < 2) return stop();
    const size_t right = next(), up = next();
    skip(right + up * width_);
    in_row_ = codes_.size() % width_;
  }

  void one_by_one(size_t count) {
    const size_t kept = std::min(count, pixels_ - codes_.size()), size = four_bits_ ? (kept + 1) / 2 : kept;
    if (left() < size) return stop();
    for (size_t i = 0; i < kept; ++i) codes_.push_back(four_bits_ ? half(bytes_[at_ + i / 2], i) : bytes_[at_ + i]);
    in_row_ += count;  // may pass the end of the row: no run follows then until the row is ended
    at_ += size;
    at_ = std::min(at_ + at_ % 2, bytes_.size());
  }

  /// The first code of a byte is its high half.
  static uint8_t half(uint8_t byte, size_t i) { return i % 2 == 0 ? byte >> 4 : byte & 0x0f; }
  void stop() { at_ = bytes_.size(); }

  std::span<const uint8_t> bytes_;
  size_t at_, width_, pixels_;
  bool four_bits_;
  size_t in_row_ = 0;  // pixels of this row so far
  std::vector<uint8_t> codes_;
};

}  // namespace

std::vector<uint8_t> read_bmp_runs(std::span<const uint8_t> bytes, size_t at, size_t width, size_t height, bool four_bits) {
  return RunReader(bytes, at, width, height, four_bits).read();
}

}  // namespace octet::loaders
