// Sums over channels, and a factor per channel, as quantization-aware training needs it to scale filters by what batch norm will
// do to them.
//   slices: dimension 0 of a weight [K, ...];   channels: dimension 1 of an activation [N, K, ...];   factor [K]
// Backwards, from the gradient dy:
//   y = w * factor[k]   dw = dy * factor[k],   dfactor[k] = sum of dy * w over slice k
//   y = x / factor[k]   dx = dy / factor[k],   dfactor[k] = -(sum of dy * y over channel k) / factor[k]
#pragma once

#include "tensor/tensor.h"

namespace octet::ops {

/// [K]: the sums of x [N, K, ...] over images and pixels: the gradient of a bias.
Tensor channel_sums(const Tensor& x);
/// y [N, K, ...] = values[k], everywhere in channel k.
void fill_channels(const Tensor& values, Tensor& y);

/// w [K, ...] * factor[k].
Tensor multiply_slices(const Tensor& w, const Tensor& factor);
/// x [N, K, ...] / factor[k], in place.
void divide_channels_(Tensor& x, const Tensor& factor);

/// [K]: the sums of a * b over each slice of [K, ...], or over each channel of [N, K, ...].
Tensor dot_slices(const Tensor& a, const Tensor& b);
Tensor dot_channels(const Tensor& a, const Tensor& b);

}  // namespace octet::ops
