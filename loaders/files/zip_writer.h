// Zip archives, written: entries stored one after the other, and then the directory. Up to 4 GB.
// Format: APPNOTE.TXT 6.3. Reading: loaders/files/zip.h.
#pragma once

#include <string>
#include <string_view>

#include "loaders/files/bytes.h"
#include "loaders/files/file.h"

namespace octet::loaders {

class ZipWriter {
 public:
  explicit ZipWriter(Output& out) : out_(out) {}

  /// alignment: of the bytes in the file, a power of two. Throws Error when the archive becomes too large.
  void add(const std::string& name, Bytes bytes, size_t alignment = 1);
  void add(const std::string& name, std::string_view text) { add(name, std::as_bytes(std::span(text))); }
  /// After the last entry.
  void finish();

 private:
  Output& out_;
  uint64_t offset_ = 0, entries_ = 0;
  std::string directory_;
};

}  // namespace octet::loaders
