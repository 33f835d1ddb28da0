// Crop and bilinear resize, pixel for pixel as Pillow does them.
//
// [h, w, 3] uint8 -> [height, width, 3] uint8, rows and columns one after the other. Output pixel i of a row is
//     y[i] = sum_j k[i][j] x[first[i] + j],   k[i][j] ~ triangle((first[i] + j + 0.5 - (i + 0.5) w / width) / scale)
// with scale = max(1, w / width): shrinking widens the triangle (antialiasing, which torch's F.interpolate lacks). Weights are
// normalised in double and rounded to 22 fractional bits; each pass rounds to 8 bits. Only bilinear, only RGB.
// Counterpart: Pillow's Image.resize(size, BILINEAR) (libImaging/Resample.c) after the crop of fastai's Resize for validation.
#pragma once

#include "loaders/images/image.h"

namespace octet::loaders {

struct Box {
  int x = 0, y = 0, width = 0, height = 0;
};

/// Throws Error for an image without pixels, and for one whose bytes are not as many as its sizes say.
void check_pixels(const Image& image, const char* what);

/// The largest central square, as fastai's Resize(size) rounds it for a validation image.
Box central_square(int width, int height, int size);

/// Throws Error when the box is not inside the image.
Image crop(const Image& image, Box box);

/// The same image when it already has this size.
Image resize_bilinear(const Image& image, int width, int height);

/// The central square, resized to size x size.
Image crop_and_resize(const Image& image, int size);

}  // namespace octet::loaders
