#include "tensor/dtype.h"

#include "tensor/error.h"

namespace octet {

size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
    case DType::i64:
      return 8;
    case DType::f32:
    case DType::i32:
    case DType::qint32:
      return 4;
    case DType::f16:
    case DType::bf16:
    case DType::i16:
      return 2;
    case DType::i8:
    case DType::u8:
    case DType::boolean:
    case DType::qint8:
    case DType::quint8:
      return 1;
  }
  fail("size_of: not a dtype: ", static_cast<int>(dtype));
}

std::string_view name_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "float32";
    case DType::f64:
      return "float64";
    case DType::f16:
      return "float16";
    case DType::bf16:
      return "bfloat16";
    case DType::i64:
      return "int64";
    case DType::i32:
      return "int32";
    case DType::i16:
      return "int16";
    case DType::i8:
      return "int8";
    case DType::u8:
      return "uint8";
    case DType::boolean:
      return "bool";
    case DType::qint8:
      return "qint8";
    case DType::quint8:
      return "quint8";
    case DType::qint32:
      return "qint32";
  }
  fail("name_of: not a dtype: ", static_cast<int>(dtype));
}

bool is_floating_point(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f64 || dtype == DType::f16 || dtype == DType::bf16;
}

std::ostream& operator<<(std::ostream& out, DType dtype) { return out << name_of(dtype); }

template <>
bool holds<float>(DType dtype) {
  return dtype == DType::f32;
}
template <>
bool holds<double>(DType dtype) {
  return dtype == DType::f64;
}
template <>
bool holds<int64_t>(DType dtype) {
  return dtype == DType::i64;
}
template <>
bool holds<int32_t>(DType dtype) {
  return dtype == DType::i32 || dtype == DType::qint32;
}
template <>
bool holds<int16_t>(DType dtype) {
  return dtype == DType::i16;
}
template <>
bool holds<uint16_t>(DType dtype) {
  return dtype == DType::f16 || dtype == DType::bf16;
}
template <>
bool holds<int8_t>(DType dtype) {
  return dtype == DType::i8 || dtype == DType::qint8;
}
template <>
bool holds<uint8_t>(DType dtype) {
  return dtype == DType::u8 || dtype == DType::quint8 || dtype == DType::boolean;
}

}  // namespace octet
