// Bytes of a file that is not trusted: little-endian numbers at any address, and a cursor that never reads past its end.
//
// Text from such a file enters messages only through tensor/text.h, so that every error stays one readable line.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "tensor/error.h"
#include "tensor/text.h"

namespace octet::loaders {

using octet::is_utf8;
using octet::printable;
using octet::quoted;

static_assert(std::endian::native == std::endian::little, "the loaders copy little-endian numbers as they are");

using Bytes = std::span<const std::byte>;

template <class T>
T load_le(const std::byte* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

/// True when [offset, offset + length) lies inside size bytes. Cannot overflow.
inline constexpr bool inside(uint64_t offset, uint64_t length, uint64_t size) {
  return offset <= size && length <= size - offset;
}

/// Appends a little-endian number.
inline void put(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

class Cursor {
 public:
  /// Errors begin with `where`.
  Cursor(Bytes bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {}

  size_t offset() const { return offset_; }
  size_t left() const { return bytes_.size() - offset_; }

  /// The next n bytes; `what` names them in the error.
  Bytes take(uint64_t n, std::string_view what) {
    OCTET_CHECK(n <= left(), where_, ": truncated: ", what, " needs ", n, " bytes at offset ", offset_, ", the data ends after ",
                left());
    const Bytes taken = bytes_.subspan(offset_, n);
    offset_ += n;
    return taken;
  }

  template <class T>
  T read(std::string_view what) {
    return load_le<T>(take(sizeof(T), what).data());
  }

 private:
  Bytes bytes_;
  std::string where_;
  size_t offset_ = 0;
};

}  // namespace octet::loaders
