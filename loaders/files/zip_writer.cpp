#include "loaders/files/zip_writer.h"

#include <zlib.h>

namespace octet::loaders {

void ZipWriter::add(const std::string& name, Bytes bytes, size_t alignment) {
  constexpr size_t kHeader = 30, kExtraHeader = 4;
  const uint64_t fixed = offset_ + kHeader + name.size() + kExtraHeader;
  const size_t padding = (alignment - fixed % alignment) % alignment;
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  OCTET_CHECK(fixed + padding + bytes.size() < (uint64_t{1} << 32),
              "a zip archive of more than 4 GB; write .safetensors instead");
  std::string common;  // what the local header and the directory share
  put(common, 20, 2);  // version needed
  put(common, 0, 2);   // flags
  put(common, 0, 2);   // stored
  put(common, 0, 2);   // time
  put(common, 33, 2);  // date: 1980-01-01
  put(common, crc, 4);
  put(common, bytes.size(), 4);
  put(common, bytes.size(), 4);
  put(common, name.size(), 2);
  std::string local = "PK\x03\x04" + common;
  put(local, kExtraHeader + padding, 2);
  local += name + "FB";  // torch's own padding field
  put(local, padding, 2);
  local.append(padding, 'Z');
  directory_ += "PK\x01\x02";
  put(directory_, 20, 2);  // made by
  directory_ += common;
  put(directory_, 0, 2);  // no extra field
  put(directory_, 0, 2);  // no comment
  put(directory_, 0, 2);  // disk
  put(directory_, 0, 2);  // attributes
  put(directory_, 0, 4);
  put(directory_, offset_, 4);
  directory_ += name;
  out_.write(local);
  out_.write(bytes);
  offset_ += local.size() + bytes.size();
  ++entries_;
}

void ZipWriter::finish() {
  std::string end = "PK\x05\x06";
  put(end, 0, 4);
  put(end, entries_, 2);
  put(end, entries_, 2);
  put(end, directory_.size(), 4);
  put(end, offset_, 4);
  put(end, 0, 2);
  out_.write(directory_);
  out_.write(end);
}

}  // namespace octet::loaders
