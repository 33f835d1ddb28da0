// Exact integer Winograd F(4x4, 3x3): the 3x3 stride 1 convolution of u8 codes and s8 weights with a quarter of the products and
// no rounding anywhere (Lavin and Gray, arXiv:1509.09308, with integer matrices).
//
//   U = G g G^T             of each filter, int16, once                              |U| <= 49 * 128
//   V = B^T d B             of each 6x6 window of d = code - zero point, int16       |V| <= 100 * 255
//   M = sum over c of U * V int32, for each of the 36 places
//   Y = A^T M A = 576 y     y: the 4x4 sums of the plain convolution;   y = (Y * 9^-1 mod 2^32) >> 6
//
//       [ 1  0  0]          [4  0 -5  0 1 0]          [6  4  4  1  1  0]
//   G = [-1 -1 -1]    B^T = [0 -4 -4  1 1 0]    A^T = [0  4 -4  2 -2  0]
//       [-1  1 -1]          [0  4 -4 -1 1 0]          [0  4  4  4  4  0]
//       [ 1  2  4]          [0 -2 -1  2 1 0]          [0  4 -4  8 -8 24]
//       [ 1 -2  4]          [0  2 -1 -2 1 0]
//       [ 0  0  1]          [0  4  0 -5 0 1]
// The rows of G are multiplied by c = (4, 6, 6, 24, 24, 1) to make them whole, the columns of A^T by 24 / c, which leaves the
// factor 24 in each dimension.
// M and Y may wrap: all is linear, so modulo 2^32 they are right, and y is whenever |y| < 2^25 (576 y = 64 * 9 y: the inverse of
// 9 gives 64 y modulo 2^32). winograd_is_exact proves that of a layer from its weights.
#pragma once

#include <cstdint>

#include "ops/int8/requantize.h"

namespace octet::ops::cpu {

constexpr int64_t kWinogradTile = 4;     // output pixels each way
constexpr int64_t kWinogradWindow = 6;   // input pixels each way
constexpr int64_t kWinogradPlaces = 36;  // products per tile and channel
constexpr int64_t kWinogradPanel = 16;   // outputs that are transformed together
constexpr int64_t kWinogradRows = 6;     // tiles that are multiplied together

/// weight qint8 [K, C, 3, 3].
bool winograd_is_exact(const Tensor& weight, int32_t input_zero_point);

/// [K, C, 3, 3] -> int16 [36, ceil(K/strip), C/2, strip, 2], with weights of 0 for outputs that are not there. C must be even.
/// strip: of the kernels that will read it.
Tensor winograd_weights(const Tensor& weight, int64_t strip);

/// What an output tile needs to become codes: plain pointers, because kernels for newer CPUs must not instantiate shared code.
struct WinogradOutput {
  const int32_t* bias_i32;  // [strip * strips], as the two below
  const float *bias_f32, *multiplier;
  int32_t zero_point, qmin, qmax;
  int64_t outputs;     // K: bytes from one pixel to the next
  int64_t row_stride;  // bytes from one row of the image to the next
};

struct WinogradKernels {
  /// One window: image, 6 rows of 6 pixels of C codes -> v[place * place_stride + c].
  void (*input)(const uint8_t* image, int64_t row_stride, int64_t C, int32_t zero_point, int16_t* v, int64_t place_stride);
  /// m[row * strip + k] = sum over p of v[row][2p] * u[p][k][0] + v[row][2p + 1] * u[p][k][1] for `rows` up to kWinogradRows.
  /// v [rows, 2 * pairs], u [pairs, strip, 2].
  void (*multiply)(const int16_t* v, int rows, int64_t pairs, const int16_t* u, int32_t* m);
  /// One tile of 16 outputs: m[place * place_stride + k] -> up to 4x4 pixels at y, `channels` of them (up to 16) from channel k0.
  void (*output)(const int32_t* m, int64_t place_stride, const WinogradOutput& o, int64_t k0, int channels, int rows, int columns,
                 uint8_t* y);
  int64_t strip;  // outputs that multiply computes together: a multiple of kWinogradPanel
};

/// For active_isa().
const WinogradKernels& winograd_kernels();

extern const WinogradKernels kWinogradPortable, kWinogradAvx2, kWinogradAvx512Vnni;

}  // namespace octet::ops::cpu
