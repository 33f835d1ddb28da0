// From JPEG coefficients to RGB as libjpeg computes it, so that decoded pixels equal Pillow's bit for bit.
//
// stb_image decodes the entropy-coded data; its own inverse DCT, chroma upsampling and colour conversion are quicker to write
// down but round differently. These three are libjpeg's defaults (jidctint.c "islow", jdsample.c "fancy", jdcolor.c):
//   idct_islow   Loeffler, Ligtenberg and Moschytz 1989, 13-bit constants, columns then rows
//   upsampling   a triangle filter for halved chroma: near samples count 3/4, far ones 1/4; anything else is repeated
//   YCbCr        R = Y + 1.402 Cr', G = Y - 0.34414 Cb' - 0.71414 Cr', B = Y + 1.772 Cb', in 16-bit fixed point
// Counterpart: libjpeg-turbo inside Pillow.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace octet::loaders {

/// Dequantized coefficients [8, 8] (row-major, vertical frequency first) -> samples [8, 8], `stride` bytes from row to row.
void idct_islow(uint8_t* out, int stride, const int16_t coefficients[64]);

/// One colour component as it is stored.
struct JpegPlane {
  const uint8_t* samples;
  int stride;
  int width, height;     // ceil(image size / ratio): what lies beyond is block padding
  int h_ratio, v_ratio;  // 1 for full resolution, 2 for halved, ...
};

/// [height, width, 3] from one plane (grey) or three; ycc: the three are Y, Cb and Cr, otherwise R, G and B.
std::vector<uint8_t> planes_to_rgb(std::span<const JpegPlane> planes, int width, int height, bool ycc);

}  // namespace octet::loaders
