// Zip archives as torch.save writes them: entries stored or deflated, zip64, data descriptors.
//
// Strict where PyTorch is not: the CRC of what is read is always checked, and an archive with anything unexplained (bytes before
// the first entry, overlapping entries, a comment, duplicate or unsafe names, local headers that contradict the directory) is an
// error. Only the central directory is believed, since torch writes sizes of 0 in the local headers.
// Not here: writing, encryption, other compression methods, archives of several disks. Counterpart: caffe2's PyTorchStreamReader
// over miniz; APPNOTE.TXT 6.3.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/files/bytes.h"
#include "tensor/storage.h"

namespace octet::loaders {

struct ZipEntry {
  std::string name;
  uint16_t method = 0;  // 0 stored, 8 deflated
  uint32_t crc = 0;
  uint64_t compressed_size = 0, size = 0;
  uint64_t header_offset = 0, data_offset = 0;
};

/// Bytes that either lie in the file or, decompressed, in `owner`.
struct Record {
  Bytes bytes;
  Storage owner;
};

class Zip {
 public:
  /// Reads and checks the directory. `archive` must outlive the Zip and all records; errors begin with `name`.
  Zip(Bytes archive, std::string name);

  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// Null if there is no such entry.
  const ZipEntry* find(std::string_view name) const;
  /// The contents, decompressed, with the CRC checked.
  Record read(const ZipEntry& entry) const;

 private:
  struct Directory {
    uint64_t entries, size, offset, end;
  };
  Directory find_directory() const;
  ZipEntry read_entry(Cursor& directory) const;
  void locate_data(ZipEntry& entry, uint16_t flags) const;
  void check_layout(const Directory& directory) const;
  Record inflate(const ZipEntry& entry) const;

  Bytes archive_;
  std::string name_;
  std::vector<ZipEntry> entries_;
  std::map<std::string, size_t, std::less<>> by_name_;
};

}  // namespace octet::loaders
