// Where a row, or column, of a padded or resized image comes from: for the CPU and the device.
#pragma once

#include <cmath>
#include <cstdint>

#include "tensor/host_device.h"

namespace octet::ops {

enum class PadMode { constant, reflect, replicate };
enum class InterpolateMode { nearest, bilinear };

constexpr int64_t kNoSource = -1;

/// One direction of ops/pad.h.
struct PadAxis {
  int64_t size, before, behind;
  PadMode mode;

  OCTET_HD int64_t padded() const { return before + size + behind; }
  /// The pixel that pixel p of the result is a copy of; kNoSource: of none.
  OCTET_HD int64_t source(int64_t p) const {
    const int64_t i = p - before;
    if (i >= 0 && i < size) return i;
    if (mode == PadMode::constant) return kNoSource;
    if (mode == PadMode::replicate) return i < 0 ? 0 : size - 1;
    return i < 0 ? -i : 2 * (size - 1) - i;
  }
};

/// Which two pixels a pixel of the result lies between, and their weights. nearest: one of weight 1.
struct ResizeSource {
  int64_t first, second;
  float weight_of_first, weight_of_second;
};

/// One direction of ops/interpolate.h. scale: pixels of the input to one of the result.
struct ResizeAxis {
  int64_t input, output;
  float scale;
  InterpolateMode mode;
  bool align_corners;

  OCTET_HD ResizeSource source(int64_t p) const {
    const auto at = static_cast<float>(p);
    if (mode == InterpolateMode::nearest) {
      const int64_t nearest = inside(static_cast<int64_t>(floorf(at * scale)));
      return {nearest, nearest, 1, 0};
    }
    const float h = align_corners ? at * scale : not_below_0(fmaf(scale, at + 0.5f, -0.5f));
    const int64_t first = inside(static_cast<int64_t>(h));
    float l = not_below_0(h - static_cast<float>(first));
    l = l < 1.0f ? l : 1.0f;
    return {first, inside(first + 1), 1 - l, l};
  }

 private:
  OCTET_HD int64_t inside(int64_t i) const { return i < input - 1 ? i : input - 1; }
  OCTET_HD static float not_below_0(float v) { return v > 0.0f ? v : 0.0f; }
};

// Between four pixels: above left, above right, below left, below right.

OCTET_HD inline float bilinear(const float (&x)[4], const ResizeSource& row, const ResizeSource& col) {
  return row.weight_of_first * (col.weight_of_first * x[0] + col.weight_of_second * x[1]) +
         row.weight_of_second * (col.weight_of_first * x[2] + col.weight_of_second * x[3]);
}

/// As PyTorch's vectors compute it, or what is left of the channels behind them (ops/interpolate.h).
OCTET_HD inline float bilinear_of_codes(const float (&x)[4], const ResizeSource& row, const ResizeSource& col, bool in_vectors) {
  if (in_vectors) {
    const float above = fmaf(col.weight_of_second, x[1], col.weight_of_first * x[0]);
    const float below = fmaf(col.weight_of_second, x[3], col.weight_of_first * x[2]);
    return fmaf(row.weight_of_second, below, row.weight_of_first * above);
  }
  const float above = fmaf(col.weight_of_first, x[0], col.weight_of_second * x[1]);
  const float below = fmaf(col.weight_of_first, x[2], col.weight_of_second * x[3]);
  return fmaf(row.weight_of_first, above, row.weight_of_second * below);
}

}  // namespace octet::ops
