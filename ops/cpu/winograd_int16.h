// Exact integer Winograd F(4x4, 3x3): the 3x3 stride 1 convolution of u8 codes and s8 weights with a quarter of the products and
// no rounding anywhere (Lavin and Gray, arXiv:1509.09308, with integer matrices).
//
//   U = G g G^T             of each filter, int16, once                              |U| <= 144 * 128
//   V = B^T d B             of each 6x6 window of d = code - zero point, int16       |V| <= 100 * 255
//   M = sum over c of U * V int32, for each of the 36 places
//   Y = A^T M A = 576 y     y: the 4x4 sums of the plain convolution;   y = (Y * 9^-1 mod 2^32) >> 6
//
//       [ 6  0  0]          [4  0 -5  0 1 0]          [1  1  1  1  1  0]
//   G = [-4 -4 -4]    B^T = [0 -4 -4  1 1 0]    A^T = [0  1 -1  2 -2  0]
//       [-4  4 -4]          [0  4 -4 -1 1 0]          [0  1  1  4  4  0]
//       [ 1  2  4]          [0 -2 -1  2 1 0]          [0  1 -1  8 -8  2]
//       [ 1 -2  4]          [0  2 -1 -2 1 0]
//       [ 0  0 12]          [0  4  0 -5 0 1]
// Lavin and Gray's G times 24, which makes it whole and leaves the factor 24 in each dimension; but its last row times 12 only,
// so that U fits int16, and A^T's last column times 2. The zero point z is the same in the whole window, and B^T z B is 0 except
// at place (1, 1), where it is 36 z: so V is made from the codes, and 36 z taken off there.
// M and Y may wrap: all is linear, so modulo 2^32 they are right, and y is whenever |y| < 2^25 (576 y = 64 * 9 y: the inverse of
// 9 gives 64 y modulo 2^32). winograd_is_exact proves that of a layer from its weights. The bias is part of y: 576 times it,
// added to M at place (1, 1), from where A^T carries it to all outputs once.
#pragma once

#include <vector>

#include "ops/cpu/winograd_kernels.h"
#include "ops/engines/requantize.h"

namespace octet::ops::cpu {

constexpr int64_t kWinogradTile = 4;     // output pixels each way
constexpr int64_t kWinogradWindow = 6;   // input pixels each way
constexpr int64_t kWinogradPlaces = 36;  // products per tile and channel

/// weight qint8 [K, C, 3, 3]; bias [K].
bool winograd_is_exact(const Tensor& weight, int32_t input_zero_point, const std::vector<int32_t>& bias);

/// [K, C, 3, 3] -> int16 [ceil(K/strip), 36, C/2, strip, 2], with weights of 0 for outputs that are not there. C must be even.
/// strip: of the kernels that will read it.
Tensor winograd_weights(const Tensor& weight, int64_t strip);

/// What an output tile needs to become codes: plain pointers, because kernels for newer CPUs must not instantiate shared code.
struct WinogradCodes {
  int8::Epilogue epilogue;
  const int32_t* bias_i32;  // [strip * strips], as the two below
  const float* bias_f32;    // not of Epilogue::int32_bias
  float bias_factor;
  const float* multiplier;
  int8::RealScales scales;
  int32_t zero_point, qmin;  // codes end at 255
  int64_t outputs;           // K: bytes from one pixel to the next
  int64_t row_stride;        // bytes from one row of the image to the next
  uint8_t* y;
};

/// C is even; u [C/2, strip, 2].
using WinogradInt16 = WinogradKernels<uint8_t, int16_t, int32_t, WinogradCodes>;

}  // namespace octet::ops::cpu
