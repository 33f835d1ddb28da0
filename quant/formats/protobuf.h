// Protocol Buffers' wire format, written: https://protobuf.dev/programming-guides/encoding
//
//   field = varint(number << 3 | type), then   type 0: a varint   type 2: varint(length), bytes   type 5: four bytes
// A message is a string of fields. Reading is not here.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace octet::quant {

class ProtobufMessage {
 public:
  /// int32, int64, enum: negative numbers as ten bytes.
  ProtobufMessage& integer(uint32_t field, int64_t value) {
    tag(field, 0);
    varint(static_cast<uint64_t>(value));
    return *this;
  }
  /// string, bytes.
  ProtobufMessage& text(uint32_t field, std::string_view value) {
    tag(field, 2);
    varint(value.size());
    bytes_.append(value);
    return *this;
  }
  /// float.
  ProtobufMessage& real(uint32_t field, float value) {
    tag(field, 5);
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);  // little-endian, as the machines that octet runs on
    bytes_.append(bytes, sizeof bytes);
    return *this;
  }
  ProtobufMessage& message(uint32_t field, const ProtobufMessage& value) { return text(field, value.bytes()); }

  const std::string& bytes() const { return bytes_; }

 private:
  void tag(uint32_t field, uint32_t type) { varint(field << 3 | type); }
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }

  std::string bytes_;
};

}  // namespace octet::quant
