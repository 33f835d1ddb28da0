// Builds .tar.gz archives, right ones and wrong ones.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace octet::loaders {

/// gzip of the data, as one member.
inline std::vector<uint8_t> gzip(std::string_view data) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::vector<uint8_t> out(deflateBound(&stream, data.size()) + 64);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class TarBuilder {
 public:
  /// A member with the header fields given; `size_field` replaces the octal size when set.
  TarBuilder& add(const std::string& name, std::string_view data, char type = '0', const std::string& size_field = "") {
    char header[512] = {};
    std::memcpy(header, name.data(), std::min<size_t>(name.size(), 100));
    std::snprintf(header + 100, 8, "%07o", 0644);
    if (size_field.empty())
      std::snprintf(header + 124, 12, "%011zo", data.size());
    else
      std::memcpy(header + 124, size_field.data(), size_field.size());
    header[156] = type;
    std::memcpy(header + 257, "ustar\00000", 8);
    std::memset(header + 148, ' ', 8);
    unsigned sum = 0;
    for (char c : header) sum += static_cast<uint8_t>(c);
    std::snprintf(header + 148, 8, "%06o", sum);
    bytes_.append(header, 512).append(data);
    bytes_.resize((bytes_.size() + 511) / 512 * 512);
    return *this;
  }
  TarBuilder& folder(const std::string& name) { return add(name + "/", "", '5'); }

  std::string& raw() { return bytes_; }
  std::string tar() const { return bytes_ + std::string(1024, '\0'); }
  std::vector<uint8_t> tar_gz() const { return gzip(tar()); }

 private:
  std::string bytes_;
};

}  // namespace octet::loaders
