// Element types. The quantized types have PyTorch's names: quint8 and qint8 hold integer codes whose scale and zero point
// are kept by the tensor's owner (quant/ and the parameter structs of ops/int8), never by the tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string_view>

namespace octet {

enum class DType { f32, f64, f16, bf16, i64, i32, i16, i8, u8, boolean, qint8, quint8, qint32 };

/// Bytes of one element.
size_t size_of(DType dtype);

/// PyTorch's name: "float32", "int64", "quint8", ...
std::string_view name_of(DType dtype);

bool is_floating_point(DType dtype);

std::ostream& operator<<(std::ostream& out, DType dtype);

/// True where a C++ type can stand for the elements of a dtype: uint8_t for u8, quint8 and boolean, int8_t for i8 and qint8,
/// uint16_t for the bits of f16 and bf16.
template <class T>
bool holds(DType dtype);

}  // namespace octet
