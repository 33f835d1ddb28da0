// Pixels to network input: y = (x / 255 - mean) / std per channel, in float32.
//
// [h, w, 3] uint8 -> [3, h, w] float32. The three operations are the ones that torch does, each rounded to float32 in turn, so
// the result is torch's bit for bit. There are only 3 x 256 different values: they are computed once.
// Counterpart: fastai's IntToFloatTensor and Normalize.from_stats(*imagenet_stats); torchvision's ToTensor and Normalize.
#pragma once

#include <array>

#include "loaders/images/image.h"

namespace octet::loaders {

/// ImageNet's channel means and deviations: fastai's imagenet_stats (fastai/vision/core.py), torchvision's reference weights.
inline constexpr std::array<float, 3> kMean = {0.485f, 0.456f, 0.406f};
inline constexpr std::array<float, 3> kStd = {0.229f, 0.224f, 0.225f};

/// chw: [3, height, width]
void to_normalized(const Image& image, float* chw);

}  // namespace octet::loaders
