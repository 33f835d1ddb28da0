#include "tensor/convert.h"

#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "tensor/tensor.h"

namespace octet {

float f16_to_f32(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1f, fraction = bits & 0x3ffu;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24
    const float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  const uint32_t wide = exponent == 31 ? 255u : exponent + (127 - 15);
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

uint16_t f32_to_f16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000u);
  const float magnitude = std::fabs(value);
  if (std::isnan(value)) return sign | 0x7e00u;
  if (magnitude >= 65520.0f) return sign | 0x7c00u;  // rounds past the largest half, 65504
  if (magnitude < 6.103515625e-05f)                  // below 2^-14: a multiple of 2^-24
    return sign | static_cast<uint16_t>(std::nearbyint(std::ldexp(magnitude, 24)));
  const uint32_t m = bits & 0x7fffffffu;
  const uint32_t rounded = m + 0xfffu + (m >> 13 & 1u);  // round half to even on the 13 dropped bits
  return sign | static_cast<uint16_t>((rounded >> 13) - ((127 - 15) << 10));
}

float bf16_to_f32(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

uint16_t f32_to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return static_cast<uint16_t>(bits >> 16 | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

namespace {

/// Outside of the type's range the conversion has no result. The bounds are powers of 2, which are floats.
template <class T>
void check_holds(double value, DType dtype) {
  const double end = std::ldexp(1.0, std::numeric_limits<T>::digits), begin = std::is_signed_v<T> ? -end : 0.0;
  OCTET_CHECK(std::trunc(value) >= begin && value < end, "to: ", value, " is no value of ", dtype);
}

/// Calls f with a function that reads element i of x as T.
template <class T>
void fill(Tensor& y, auto&& read) {
  T* out = reinterpret_cast<T*>(y.bytes());
  for (int64_t i = 0; i < y.numel(); ++i) {
    const auto value = read(i);
    if constexpr (std::is_floating_point_v<decltype(value)> && std::is_integral_v<T>) check_holds<T>(value, y.dtype());
    out[i] = static_cast<T>(value);
  }
}

void write(Tensor& y, auto&& read) {
  switch (y.dtype()) {
    case DType::f32:
      return fill<float>(y, read);
    case DType::f64:
      return fill<double>(y, read);
    case DType::f16:
      return fill<uint16_t>(y, [&](int64_t i) { return f32_to_f16(static_cast<float>(read(i))); });
    case DType::bf16:
      return fill<uint16_t>(y, [&](int64_t i) { return f32_to_bf16(static_cast<float>(read(i))); });
    case DType::i64:
      return fill<int64_t>(y, read);
    case DType::i32:
      return fill<int32_t>(y, read);
    case DType::i16:
      return fill<int16_t>(y, read);
    case DType::i8:
      return fill<int8_t>(y, read);
    case DType::u8:
      return fill<uint8_t>(y, read);
    case DType::boolean:
      return fill<uint8_t>(y, [&](int64_t i) { return read(i) != 0; });
    default:
      fail("to: cannot convert to ", y.dtype(), "; quantize instead");
  }
}

}  // namespace

Tensor Tensor::to(DType dtype) const {
  if (dtype == dtype_) return *this;
  Tensor y(shape_, dtype);
  const auto* p = bytes();
  auto reader = [p]<class T>(T) { return [p](int64_t i) { return reinterpret_cast<const T*>(p)[i]; }; };
  switch (dtype_) {
    case DType::f32:
      write(y, reader(float{}));
      break;
    case DType::f64:
      write(y, reader(double{}));
      break;
    case DType::f16:
      write(y, [r = reader(uint16_t{})](int64_t i) { return f16_to_f32(r(i)); });
      break;
    case DType::bf16:
      write(y, [r = reader(uint16_t{})](int64_t i) { return bf16_to_f32(r(i)); });
      break;
    case DType::i64:
      write(y, reader(int64_t{}));
      break;
    case DType::i32:
      write(y, reader(int32_t{}));
      break;
    case DType::i16:
      write(y, reader(int16_t{}));
      break;
    case DType::i8:
      write(y, reader(int8_t{}));
      break;
    case DType::u8:
    case DType::boolean:
      write(y, reader(uint8_t{}));
      break;
    default:
      fail("to: cannot convert from ", dtype_, "; dequantize instead");
  }
  return y;
}

}  // namespace octet
