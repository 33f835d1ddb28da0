// A gzip stream in memory, inflated piece by piece.
//
// zlib checks the CRC-32 and the length in each member's trailer; several members in a row are one stream, zeros after the last
// are padding, anything else after it is reported as junk. No seeking, no writing. Counterpart: Python's gzip module.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "loaders/files/bytes.h"

namespace octet::loaders {

class GzipReader {
 public:
  /// Fails after `limit` inflated bytes. `bytes` must outlive the reader.
  GzipReader(Bytes bytes, std::string name, uint64_t limit);

  /// Fills `out`; gives fewer bytes only at the end of the stream. Throws Error when the stream is cut off or damaged.
  size_t read(std::span<uint8_t> out);
  uint64_t total() const { return total_; }
  /// True when something other than zeros followed the stream.
  bool junk() const { return junk_; }

 private:
  struct Close {
    void operator()(z_stream* stream) const;
  };

  void begin_next_member();

  Bytes left_;
  std::string name_;
  uint64_t limit_, total_ = 0;
  std::unique_ptr<z_stream, Close> stream_;
  bool ended_ = false, junk_ = false;
};

}  // namespace octet::loaders
