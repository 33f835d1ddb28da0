#include "networks/onnx/wire.h"

#include <bit>

namespace octet::networks::onnx {
namespace {

using loaders::Bytes;

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
constexpr int kMaxVarint = 10;  // bytes

/// Takes a varint from the front of `left`.
uint64_t take_varint(Bytes& left, const Source& source) {
  uint64_t value = 0;
  for (int i = 0; i < kMaxVarint; ++i) {
    OCTET_CHECK(static_cast<size_t>(i) < left.size(), source.at(left.data()), "a number is cut off; the file is damaged");
    const auto byte = static_cast<uint8_t>(left[static_cast<size_t>(i)]);
    value |= uint64_t{byte & 0x7fu} << (7 * i);
    if (byte >= 0x80) continue;
    left = left.subspan(static_cast<size_t>(i) + 1);
    return value;
  }
  fail(source.at(left.data()), "a number of more than ", kMaxVarint, " bytes; the file is damaged");
}

Bytes take(Bytes& left, uint64_t size, const Source& source) {
  OCTET_CHECK(size <= left.size(), source.at(left.data()), size, " bytes are announced and ", left.size(),
              " are left; the file is damaged, or a download is not complete");
  const Bytes taken = left.first(size);
  left = left.subspan(size);
  return taken;
}

}  // namespace

bool Fields::next(Field& field) {
  if (left_.empty()) return false;
  field.source_ = &source_;
  field.begin_ = left_.data();
  const uint64_t tag = take_varint(left_, source_);
  OCTET_CHECK(tag >> 3 > 0 && tag >> 32 == 0, source_.at(field.begin_), "no field of a message; the file is damaged");
  field.number = static_cast<uint32_t>(tag >> 3);
  field.type_ = tag & 7;
  field.bytes_ = {};
  switch (field.type_) {
    case kVarint:
      field.integer_ = take_varint(left_, source_);
      return true;
    case kFixed64:
      field.integer_ = loaders::load_le<uint64_t>(take(left_, 8, source_).data());
      return true;
    case kFixed32:
      field.integer_ = loaders::load_le<uint32_t>(take(left_, 4, source_).data());
      return true;
    case kBytes:
      field.bytes_ = take(left_, take_varint(left_, source_), source_);
      return true;
    default:
      fail(source_.at(field.begin_), "wire type ", field.type_, ", expected 0, 1, 2 or 5; the file is damaged");
  }
}

void Field::expect(uint32_t type, const char* expected) const {
  OCTET_CHECK(type_ == type, source_->at(begin_), "field ", number, " has wire type ", type_, ", expected ", expected,
              "; the file is damaged");
}

int64_t Field::integer() const { return expect(kVarint, "a whole number"), static_cast<int64_t>(integer_); }

float Field::real() const {
  expect(kFixed32, "a float");
  return std::bit_cast<float>(static_cast<uint32_t>(integer_));
}

double Field::real64() const { return expect(kFixed64, "a double"), std::bit_cast<double>(integer_); }

Bytes Field::bytes() const { return expect(kBytes, "bytes"), bytes_; }

std::string Field::text() const {
  const std::string_view text = loaders::as_text(bytes());
  OCTET_CHECK(loaders::is_utf8(text), source_->at(begin_), "text that is not UTF-8: ", loaders::quoted(text));
  return std::string(text);
}

void Field::append_to(std::vector<int64_t>& numbers) const {
  if (type_ != kBytes) return numbers.push_back(integer());
  for (Bytes left = bytes_; !left.empty();) numbers.push_back(static_cast<int64_t>(take_varint(left, *source_)));
}

template <class T>
void Field::append_fixed(std::vector<T>& numbers, uint32_t type) const {
  if (type_ != kBytes) {
    expect(type, "numbers");
    if constexpr (sizeof(T) == 4)
      numbers.push_back(real());
    else
      numbers.push_back(real64());
    return;
  }
  OCTET_CHECK(bytes_.size() % sizeof(T) == 0, source_->at(begin_), bytes_.size(), " bytes of numbers of ", sizeof(T),
              " bytes; the file is damaged");
  const size_t before = numbers.size();
  numbers.resize(before + bytes_.size() / sizeof(T));
  if (!bytes_.empty()) std::memcpy(numbers.data() + before, bytes_.data(), bytes_.size());
}

void Field::append_to(std::vector<float>& numbers) const { append_fixed(numbers, kFixed32); }
void Field::append_to(std::vector<double>& numbers) const { append_fixed(numbers, kFixed64); }

}  // namespace octet::networks::onnx
