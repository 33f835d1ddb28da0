#include "loaders/images/jpeg_pixels.h"

#include <algorithm>

namespace octet::loaders {
namespace {

uint8_t clamp_to_byte(int v) { return static_cast<uint8_t>(std::clamp(v, 0, 255)); }

/// Coefficients of a damaged file can be anything: sums wrap around, as in libjpeg-turbo's vector code, instead of overflowing.
using Wrapping = uint32_t;

/// Right shift that rounds half up.
int descale(Wrapping x, int bits) { return static_cast<int>(x + (1u << (bits - 1))) >> bits; }

constexpr int kConstBits = 13, kPass1Bits = 2;

/// The eight-point transform of one row or column, scaled up by 2^13.
struct Idct8 {
  Wrapping out[8];

  explicit Idct8(const Wrapping (&in)[8]) {
    // Even part.
    const Wrapping rotated = (in[2] + in[6]) * 4433;  // 0.541196100
    const Wrapping even2 = rotated - in[6] * 15137;   // 1.847759065
    const Wrapping even3 = rotated + in[2] * 6270;    // 0.765366865
    const Wrapping sum = (in[0] + in[4]) << kConstBits, difference = (in[0] - in[4]) << kConstBits;
    const Wrapping e0 = sum + even3, e3 = sum - even3, e1 = difference + even2, e2 = difference - even2;
    // Odd part.
    const Wrapping z5 = (in[7] + in[3] + in[5] + in[1]) * 9633;  // 1.175875602
    const Wrapping z1 = (in[7] + in[1]) * 7373;                  // 0.899976223
    const Wrapping z2 = (in[5] + in[3]) * 20995;                 // 2.562915447
    const Wrapping z3 = z5 - (in[7] + in[3]) * 16069;            // 1.961570560
    const Wrapping z4 = z5 - (in[5] + in[1]) * 3196;             // 0.390180644
    const Wrapping o0 = in[7] * 2446 - z1 + z3;                  // 0.298631336
    const Wrapping o1 = in[5] * 16819 - z2 + z4;                 // 2.053119869
    const Wrapping o2 = in[3] * 25172 - z2 + z3;                 // 3.072711026
    const Wrapping o3 = in[1] * 12299 - z1 + z4;                 // 1.501321110
    out[0] = e0 + o3, out[7] = e0 - o3;
    out[1] = e1 + o2, out[6] = e1 - o2;
    out[2] = e2 + o1, out[5] = e2 - o1;
    out[3] = e3 + o0, out[4] = e3 - o0;
  }
};

}  // namespace

void idct_islow(uint8_t* out, int stride, const int16_t coefficients[64]) {
  Wrapping work[64];
  for (int x = 0; x < 8; ++x) {
    Wrapping column[8];
    for (int y = 0; y < 8; ++y) column[y] = static_cast<Wrapping>(coefficients[8 * y + x]);
    const Idct8 transformed(column);
    for (int y = 0; y < 8; ++y) work[8 * y + x] = static_cast<Wrapping>(descale(transformed.out[y], kConstBits - kPass1Bits));
  }
  for (int y = 0; y < 8; ++y, out += stride) {
    Wrapping row[8];
    for (int x = 0; x < 8; ++x) row[x] = work[8 * y + x];
    const Idct8 transformed(row);
    for (int x = 0; x < 8; ++x) out[x] = clamp_to_byte(descale(transformed.out[x], kConstBits + kPass1Bits + 3) + 128);
  }
}

namespace {

const uint8_t* row_of(const JpegPlane& plane, int y) {
  return plane.samples + static_cast<int64_t>(std::clamp(y, 0, plane.height - 1)) * plane.stride;
}

/// Doubles a row of sums that are `scale` times too large: 3/4 of the near one and 1/4 of the neighbour. Rounds down on the left
/// of a sample and up on its right by turns, so that the error does not add up.
void double_row(const int* near, int n, int scale_bits, int left_bias, int right_bias, uint8_t* out) {
  const int shift = scale_bits + 2;
  for (int i = 0; i < n; ++i) {
    const int left = near[std::max(i - 1, 0)], right = near[std::min(i + 1, n - 1)];
    out[2 * i] = static_cast<uint8_t>((3 * near[i] + left + left_bias) >> shift);
    out[2 * i + 1] = static_cast<uint8_t>((3 * near[i] + right + right_bias) >> shift);
  }
}

/// Row y of the image at full width.
void upsample_row(const JpegPlane& p, int y, int width, std::vector<int>& sums, uint8_t* out) {
  const int source = y / p.v_ratio;
  const uint8_t* near = row_of(p, source);
  const uint8_t* far = row_of(p, y % 2 ? source + 1 : source - 1);  // for v_ratio 2
  const bool smooth_h = p.h_ratio == 2 && p.width > 2;
  if (smooth_h && p.v_ratio == 2) {
    for (int i = 0; i < p.width; ++i) sums[static_cast<size_t>(i)] = 3 * near[i] + far[i];
    double_row(sums.data(), p.width, 2, 8, 7, out);
  } else if (smooth_h && p.v_ratio == 1) {
    for (int i = 0; i < p.width; ++i) sums[static_cast<size_t>(i)] = near[i];
    double_row(sums.data(), p.width, 0, 1, 2, out);
  } else if (p.h_ratio == 1 && p.v_ratio == 2) {
    const int bias = y % 2 ? 2 : 1;
    for (int x = 0; x < width; ++x) out[x] = static_cast<uint8_t>((3 * near[x] + far[x] + bias) >> 2);
  } else {
    for (int x = 0; x < width; ++x) out[x] = near[x / p.h_ratio];
  }
}

/// 16-bit fixed point of a colour constant.
constexpr int fixed(double c) { return static_cast<int>(c * 65536 + 0.5); }
constexpr int kHalf = 1 << 15;

void ycc_to_rgb(const uint8_t* y, const uint8_t* cb, const uint8_t* cr, int width, uint8_t* rgb) {
  for (int x = 0; x < width; ++x, rgb += 3) {
    const int b = cb[x] - 128, r = cr[x] - 128;
    rgb[0] = clamp_to_byte(y[x] + ((fixed(1.40200) * r + kHalf) >> 16));
    rgb[1] = clamp_to_byte(y[x] + ((-fixed(0.34414) * b - fixed(0.71414) * r + kHalf) >> 16));
    rgb[2] = clamp_to_byte(y[x] + ((fixed(1.77200) * b + kHalf) >> 16));
  }
}

}  // namespace

std::vector<uint8_t> planes_to_rgb(std::span<const JpegPlane> planes, int width, int height, bool ycc) {
  const auto w = static_cast<size_t>(width), h = static_cast<size_t>(height);
  std::vector<uint8_t> rgb(w * h * 3), rows[3];
  std::vector<int> sums(w + 1);
  for (auto& row : rows) row.resize(w + 8);  // a doubled row may be a sample or two longer
  for (size_t y = 0; y < h; ++y) {
    for (size_t c = 0; c < planes.size(); ++c) upsample_row(planes[c], static_cast<int>(y), width, sums, rows[c].data());
    uint8_t* out = rgb.data() + y * w * 3;
    if (planes.size() == 3 && ycc) {
      ycc_to_rgb(rows[0].data(), rows[1].data(), rows[2].data(), width, out);
      continue;
    }
    for (size_t x = 0; x < w; ++x)
      for (size_t c = 0; c < 3; ++c) out[3 * x + c] = rows[planes.size() == 3 ? c : 0][x];
  }
  return rgb;
}

}  // namespace octet::loaders
