#include "loaders/images/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tensor/error.h"

namespace octet::loaders {
namespace {

constexpr int kPrecisionBits = 32 - 8 - 2;  // PRECISION_BITS in libImaging/Resample.c: 8 bits of pixel, 2 of headroom
constexpr double kTriangleSupport = 1.0;

double triangle(double x) { return std::max(0.0, 1.0 - std::fabs(x)); }

/// For each output position: the first input position and `taps` fixed-point weights, zeros at the end.
struct Weights {
  int taps = 0;
  std::vector<int> first, count;
  std::vector<int> fixed;  // [out, taps]
};

Weights bilinear_weights(int in, int out) {
  const double scale = static_cast<double>(in) / out;
  const double filter_scale = std::max(scale, 1.0);
  const double support = kTriangleSupport * filter_scale, inverse = 1.0 / filter_scale;
  Weights w;
  w.taps = static_cast<int>(std::ceil(support)) * 2 + 1;
  w.fixed.resize(static_cast<size_t>(out) * w.taps);
  std::vector<double> k(w.taps);
  for (int i = 0; i < out; ++i) {
    const double center = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(center - support + 0.5));
    const int count = std::min(in, static_cast<int>(center + support + 0.5)) - first;
    double sum = 0;
    for (int j = 0; j < count; ++j) sum += k[j] = triangle((j + first - center + 0.5) * inverse);
    for (int j = 0; j < count; ++j) {
      if (sum != 0) k[j] /= sum;
      w.fixed[static_cast<size_t>(i) * w.taps + j] = static_cast<int>(0.5 + k[j] * (1 << kPrecisionBits));
    }
    w.first.push_back(first);
    w.count.push_back(count);
  }
  return w;
}

uint8_t to_byte(int sum) { return static_cast<uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255)); }
constexpr int kHalf = 1 << (kPrecisionBits - 1);

// [h, w, 3] -> [h, width, 3]
Image resize_rows(const Image& image, int width) {
  const Weights weights = bilinear_weights(image.width, width);
  Image out{width, image.height, std::vector<uint8_t>(static_cast<size_t>(width) * image.height * 3)};
  uint8_t* y = out.rgb.data();
  for (int row = 0; row < image.height; ++row) {
    const uint8_t* source = &image.rgb[static_cast<size_t>(row) * image.width * 3];
    for (int i = 0; i < width; ++i, y += 3) {
      const uint8_t* x = source + weights.first[i] * 3;
      const int* k = &weights.fixed[static_cast<size_t>(i) * weights.taps];
      int red = kHalf, green = kHalf, blue = kHalf;
      for (int j = 0; j < weights.count[i]; ++j, x += 3) {
        red += x[0] * k[j];
        green += x[1] * k[j];
        blue += x[2] * k[j];
      }
      y[0] = to_byte(red);
      y[1] = to_byte(green);
      y[2] = to_byte(blue);
    }
  }
  return out;
}

// [h, w, 3] -> [height, w, 3]
Image resize_columns(const Image& image, int height) {
  const Weights weights = bilinear_weights(image.height, height);
  const size_t row_bytes = static_cast<size_t>(image.width) * 3;
  Image out{image.width, height, std::vector<uint8_t>(row_bytes * height)};
  std::vector<int> sum(row_bytes);
  for (int i = 0; i < height; ++i) {
    std::fill(sum.begin(), sum.end(), kHalf);
    for (int j = 0; j < weights.count[i]; ++j) {
      const uint8_t* x = &image.rgb[(weights.first[i] + j) * row_bytes];
      const int k = weights.fixed[static_cast<size_t>(i) * weights.taps + j];
      for (size_t b = 0; b < row_bytes; ++b) sum[b] += x[b] * k;
    }
    std::transform(sum.begin(), sum.end(), &out.rgb[i * row_bytes], to_byte);
  }
  return out;
}

/// The order matters for the last bit. Pillow 13 begins with the columns when the height shrinks by more than twice the pixels
/// that the width does (ImagingResampleInner); older versions always begin with the rows. Squares are the same in both.
bool columns_first(const Image& image, int width, int height) {
  const int less_height = image.height - height, less_width = image.width - width;
  return less_height > 0 && less_height > 2 * less_width;
}

}  // namespace

Box central_square(int width, int height, int size) {
  OCTET_CHECK(width > 0 && height > 0 && size > 0, "central_square: ", width, " x ", height, " to ", size,
              ": expected sizes of at least 1");
  // In double, as Python computes it: int(m * size) can be one less than the shorter side.
  const double m = std::min(static_cast<double>(width) / size, static_cast<double>(height) / size);
  const int side = std::max(1, static_cast<int>(m * size));
  return {static_cast<int>((width - side) * 0.5), static_cast<int>((height - side) * 0.5), side, side};
}

void check_pixels(const Image& image, const char* what) {
  OCTET_CHECK(image.width > 0 && image.height > 0, what, ": the image has no pixels");
  OCTET_CHECK(image.rgb.size() == static_cast<size_t>(image.width) * static_cast<size_t>(image.height) * 3, what,
              ": the image of ", image.width, " x ", image.height, " has ", image.rgb.size(),
              " bytes, expected three for each pixel");
}

Image crop(const Image& image, Box box) {
  check_pixels(image, "crop");
  OCTET_CHECK(box.x >= 0 && box.y >= 0 && box.width > 0 && box.height > 0 && box.x <= image.width - box.width &&
                  box.y <= image.height - box.height,
              "crop: the box ", box.x, ", ", box.y, " of ", box.width, " x ", box.height, " is not inside the image of ",
              image.width, " x ", image.height);
  Image out{box.width, box.height, std::vector<uint8_t>(static_cast<size_t>(box.width) * box.height * 3)};
  const size_t row_bytes = static_cast<size_t>(box.width) * 3;
  for (int row = 0; row < box.height; ++row)
    std::memcpy(&out.rgb[row * row_bytes], &image.rgb[(static_cast<size_t>(box.y + row) * image.width + box.x) * 3], row_bytes);
  return out;
}

Image resize_bilinear(const Image& image, int width, int height) {
  check_pixels(image, "resize");
  OCTET_CHECK(width > 0 && height > 0 && width <= kMaxImageSide && height <= kMaxImageSide, "resize: to ", width, " x ", height,
              ", expected 1 to ", kMaxImageSide, " pixels per side");
  if (image.width == width) return image.height == height ? image : resize_columns(image, height);
  if (image.height == height) return resize_rows(image, width);
  return columns_first(image, width, height) ? resize_rows(resize_columns(image, height), width)
                                             : resize_columns(resize_rows(image, width), height);
}

Image crop_and_resize(const Image& image, int size) {
  const Box box = central_square(image.width, image.height, size);
  const bool whole = box.width == image.width && box.height == image.height;
  return whole ? resize_bilinear(image, size, size) : resize_bilinear(crop(image, box), size, size);
}

}  // namespace octet::loaders
