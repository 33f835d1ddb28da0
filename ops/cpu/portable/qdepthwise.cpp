// The depthwise convolution of ops/cpu/qdepthwise.h in plain loops: two rows of a column as int16.
#include "ops/cpu/portable/code_of.h"
#include "ops/cpu/portable/kernels.h"

namespace octet::ops::cpu {
namespace {

constexpr int64_t kBlock = 16, kGroup = 2;

void interleave(const DepthwiseRows& rows, void* columns) {
  int16_t* to = static_cast<int16_t*>(columns);
  for (int64_t column = 0; column < rows.columns; ++column, to += kBlock * kGroup) {
    const uint8_t *a = rows.at[0] + column * rows.step[0], *b = rows.at[1] + column * rows.step[1];
    for (int64_t c = 0; c < kBlock; ++c) {
      to[kGroup * c] = static_cast<int16_t>(c < rows.channels ? a[c] : 0);
      to[kGroup * c + 1] = static_cast<int16_t>(c < rows.channels ? b[c] : 0);
    }
  }
}

/// sum[c] += x[c] * weights[c], both rows. Modulo 2^32.
void add_products(const int16_t* x, const int16_t* weights, uint32_t* sum) {
  for (int64_t c = 0; c < kBlock; ++c)
    sum[c] += static_cast<uint32_t>(x[2 * c] * weights[2 * c]) + static_cast<uint32_t>(x[2 * c + 1] * weights[2 * c + 1]);
}

void multiply(const DepthwiseView& w, const DepthwiseTile& tile, int64_t block) {
  const int64_t first = block * kBlock, channels = w.channels - first < kBlock ? w.channels - first : kBlock;
  constexpr int64_t kColumn = kBlock * kGroup;
  for (int64_t row = 0; row < tile.rows; ++row)
    for (int64_t pixel = 0; pixel < tile.pixels; ++pixel) {
      uint32_t sum[kBlock] = {};
      for (int64_t g = 0; g < w.row_groups; ++g) {
        const char* at = static_cast<const char*>(tile.columns) + g * tile.row_group + pixel * tile.step;
        const int16_t* weights =
            static_cast<const int16_t*>(w.weights) + ((block * w.row_groups + g) * w.width * w.rows + row) * kColumn;
        for (int64_t s = 0; s < w.width; ++s)
          add_products(reinterpret_cast<const int16_t*>(at) + s * kColumn, weights + s * w.rows * kColumn, sum);
      }
      uint8_t* y = tile.y + row * tile.y_row + pixel * w.channels + first;
      for (int64_t c = 0; c < channels; ++c) y[c] = code_of(static_cast<int32_t>(sum[c]), first + c, w);
    }
}

}  // namespace

const DepthwiseKernel portable::qdepthwise = {kBlock, 1, kGroup, interleave, multiply};

}  // namespace octet::ops::cpu
