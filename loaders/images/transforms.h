// A decoded image to a network's input: resized by a rule to a square, then y = (x / 255 - mean) / std per channel, in float32.
//
//   Image [h, w, 3] uint8 -> resized [size, size, 3] uint8 -> tensor [1, channels, size, size] float32
// The three operations are the ones that torch does, each rounded to float32 in turn, so the result is torch's bit for bit. There
// are only 256 values per channel: they are computed once an image. A network of one channel gets Pillow's grey.
// Counterparts: fastai's Resize, IntToFloatTensor and Normalize.from_stats; torchvision's Resize, CenterCrop, ToTensor, Normalize.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "loaders/images/image.h"
#include "tensor/tensor.h"

namespace octet::loaders {

/// ImageNet's channel means and deviations: fastai's imagenet_stats (fastai/vision/core.py), torchvision's reference weights.
inline constexpr std::array<float, 3> kMean = {0.485f, 0.456f, 0.406f};
inline constexpr std::array<float, 3> kStd = {0.229f, 0.224f, 0.225f};

/// How an image of any size becomes a square.
enum class ResizeRule {
  fastai,       // the largest central square, resized: fastai's Resize(size)
  torchvision,  // resized until its shorter side is resize_to, then the centre of it: Resize(resize_to), CenterCrop(size)
  squish,       // resized without keeping its proportions: torchvision's Resize((size, size)), fastai's ResizeMethod.Squish
};
/// "fastai", "torchvision", "squish", in the order of ResizeRule.
inline constexpr std::array<const char*, 3> kResizeRules = {"fastai", "torchvision", "squish"};

/// Of one model: see loaders/checkpoints/model_card.h. Resizing is bilinear, with antialiasing.
struct ImageTransform {
  int size = 224;
  ResizeRule rule = ResizeRule::fastai;
  int resize_to = 0;  // of torchvision's rule, which has it 256 for 224; 0: in that proportion
  std::vector<float> mean = {kMean.begin(), kMean.end()}, deviation = {kStd.begin(), kStd.end()};  // a number for each channel

  /// 3: red, green, blue; 1: grey.
  int channels() const { return static_cast<int>(mean.size()); }
  /// The shorter side that torchvision's rule resizes to.
  int shorter_side() const;
  bool operator==(const ImageTransform&) const = default;
};

/// Throws Error naming `where` for what cannot be done: sizes, channels, numbers that are not finite.
void check(const ImageTransform& transform, const std::string& where);

/// [size, size, 3], by the rule.
Image resized(const Image& image, const ImageTransform& transform);

/// chw: [channels, height, width] of an image that has its size already.
void to_normalized(const Image& image, const ImageTransform& transform, float* chw);

/// Images of size x size -> [N, channels, size, size].
Tensor to_normalized(std::span<const Image> images, const ImageTransform& transform);

/// Both: [1, channels, size, size].
Tensor to_tensor(const Image& image, const ImageTransform& transform);

}  // namespace octet::loaders
