// Half precision to float and back, as IEEE 754 (f16) and as the upper half of a float (bf16); both round to nearest even.
#pragma once

#include <cstdint>

namespace octet {

float f16_to_f32(uint16_t bits);
uint16_t f32_to_f16(float value);
float bf16_to_f32(uint16_t bits);
uint16_t f32_to_bf16(float value);

}  // namespace octet
