// Protocol Buffers' wire format, read: https://protobuf.dev/programming-guides/encoding
//
//   field = varint(number << 3 | type), then   type 0: a varint   1: eight bytes   2: varint(length), bytes   5: four bytes
// A message is a string of fields; what a field means, its reader knows. The file is not trusted: each length is compared with the
// bytes that are left, and nothing here calls itself, so depth is that of the reader's own schema.
// Why not libprotobuf: this page is all that ONNX needs of it; there is no generated code, no dependency, and errors name the place.
// Writing is quant/formats/protobuf.h.
#pragma once

#include <string>
#include <vector>

#include "loaders/files/bytes.h"

namespace octet::networks::onnx {

/// The bytes that messages lie in, for errors: "net.onnx: at byte 512: ...".
struct Source {
  std::string name;  // fit for messages
  loaders::Bytes bytes;

  std::string at(const std::byte* place) const { return str(name, ": at byte ", place - bytes.data(), ": "); }
};

class Field {
 public:
  uint32_t number = 0;

  // What the field holds. Each throws Error where the wire type is another one.
  int64_t integer() const;  // int32, int64, bool, enum
  float real() const;
  double real64() const;
  loaders::Bytes bytes() const;
  std::string text() const;  // UTF-8

  // Repeated numbers: one, or many packed into the bytes. Appended to `numbers`.
  void append_to(std::vector<int64_t>& numbers) const;
  void append_to(std::vector<float>& numbers) const;
  void append_to(std::vector<double>& numbers) const;

 private:
  friend class Fields;
  void expect(uint32_t type, const char* expected) const;
  template <class T>
  void append_fixed(std::vector<T>& numbers, uint32_t type) const;

  uint32_t type_ = 0;
  uint64_t integer_ = 0;  // of types 0, 1 and 5: its bits
  loaders::Bytes bytes_;  // of type 2
  const std::byte* begin_ = nullptr;
  const Source* source_ = nullptr;
};

/// The fields of a message, one by one, in file order.
class Fields {
 public:
  /// `source` must outlive the fields.
  Fields(loaders::Bytes message, const Source& source) : left_(message), source_(source) {}

  /// False at the end. Throws Error for a field that is cut off, and for wire types that are not above.
  bool next(Field& field);

 private:
  loaders::Bytes left_;
  const Source& source_;
};

}  // namespace octet::networks::onnx
