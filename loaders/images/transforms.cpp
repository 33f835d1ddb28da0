#include "loaders/images/transforms.h"

#include <algorithm>
#include <cmath>

#include "loaders/images/resize.h"

namespace octet::loaders {
namespace {

constexpr int kMaxSize = 4096;  // far above what classifiers get

/// Pillow's convert("L") of a colour (L24 in libImaging/Convert.c); a grey stays as it is.
uint8_t grey(const uint8_t* rgb) {
  return static_cast<uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

Image in_grey(const Image& image) {
  Image out{image.width, image.height, std::vector<uint8_t>(image.rgb.size())};
  for (size_t i = 0; i < image.rgb.size(); i += 3) std::fill_n(&out.rgb[i], 3, grey(&image.rgb[i]));
  return out;
}

/// torchvision's Resize(side): the longer side is cut to a whole number (transforms/functional.py: _compute_resized_output_size).
Image resized_to_shorter_side(const Image& image, int side) {
  const auto longer = [&](int of, int shorter) { return static_cast<int>(static_cast<double>(int64_t{side} * of) / shorter); };
  return image.width <= image.height ? resize_bilinear(image, side, longer(image.height, image.width))
                                     : resize_bilinear(image, longer(image.width, image.height), side);
}

/// torchvision's CenterCrop(size), whose round() takes halves to the even number.
Image center_crop(const Image& image, int size) {
  const auto begin = [size](int whole) { return static_cast<int>(std::nearbyint((whole - size) / 2.0)); };
  return crop(image, {begin(image.width), begin(image.height), size, size});
}

}  // namespace

int ImageTransform::shorter_side() const {
  constexpr int kFrom = 224, kTo = 256;  // of torchvision's reference weights
  return resize_to > 0 ? resize_to : size * kTo / kFrom;
}

void check(const ImageTransform& t, const std::string& where) {
  OCTET_CHECK(t.size >= 1 && t.size <= kMaxSize, where, ": images of ", t.size, " px, expected 1 to ", kMaxSize);
  OCTET_CHECK(t.rule != ResizeRule::torchvision || (t.shorter_side() >= t.size && t.shorter_side() <= kMaxSize), where,
              ": resized to ", t.shorter_side(), " px before the centre of ", t.size, " is taken, expected ", t.size, " to ",
              kMaxSize);
  OCTET_CHECK((t.mean.size() == 1 || t.mean.size() == 3) && t.deviation.size() == t.mean.size(), where, ": mean of ",
              t.mean.size(), " and std of ", t.deviation.size(), " channels, expected 3 of each, or 1");
  for (size_t c = 0; c < t.mean.size(); ++c)
    OCTET_CHECK(std::isfinite(t.mean[c]) && std::isfinite(t.deviation[c]) && t.deviation[c] > 0, where, ": mean ", t.mean[c],
                " and std ", t.deviation[c], " of channel ", c, ", expected finite numbers and std above 0");
}

namespace {

Image resized_by_rule(const Image& image, const ImageTransform& t) {
  switch (t.rule) {
    case ResizeRule::fastai:
      return crop_and_resize(image, t.size);
    case ResizeRule::torchvision:
      return center_crop(resized_to_shorter_side(image, t.shorter_side()), t.size);
    case ResizeRule::squish:
      return resize_bilinear(image, t.size, t.size);
  }
  fail("no resize rule has the number ", static_cast<int>(t.rule));
}

}  // namespace

Image resized(const Image& image, const ImageTransform& t) {
  check_pixels(image, "resize");
  return resized_by_rule(t.channels() == 1 ? in_grey(image) : image, t);  // grey first, as Image.open(file).convert("L")
}

void to_normalized(const Image& image, const ImageTransform& t, float* chw) {
  check_pixels(image, "to_normalized");
  check(t, "to_normalized");
  const size_t pixels = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
  std::array<float, 256> values;
  for (size_t c = 0; c < t.mean.size(); ++c) {
    for (size_t v = 0; v < values.size(); ++v) values[v] = (static_cast<float>(v) / 255.0f - t.mean[c]) / t.deviation[c];
    const uint8_t* x = image.rgb.data();
    float* y = chw + c * pixels;
    if (t.mean.size() == 1)
      for (size_t i = 0; i < pixels; ++i) y[i] = values[grey(x + 3 * i)];
    else
      for (size_t i = 0; i < pixels; ++i) y[i] = values[x[3 * i + c]];
  }
}

Tensor to_normalized(std::span<const Image> images, const ImageTransform& t) {
  check(t, "to_normalized");
  for (const Image& image : images) {
    check_pixels(image, "to_normalized");
    OCTET_CHECK(image.width == t.size && image.height == t.size, "to_normalized: an image of ", image.width, " x ", image.height,
                ", expected ", t.size, " x ", t.size);
  }
  Tensor x({std::ssize(images), t.channels(), t.size, t.size});
  const int64_t each = t.channels() * t.size * t.size;
#pragma omp parallel for
  for (int64_t i = 0; i < std::ssize(images); ++i) to_normalized(images[static_cast<size_t>(i)], t, x.data<float>() + i * each);
  return x;
}

Tensor to_tensor(const Image& image, const ImageTransform& t) {
  Tensor x({1, t.channels(), t.size, t.size});
  to_normalized(resized(image, t), t, x.data<float>());
  return x;
}

}  // namespace octet::loaders
