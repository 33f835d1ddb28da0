// Augmentation of training images: a random part of the image, resized to a square, mirrored half of the time.
//
//   area = uniform(min_scale, 1) of the image, ratio = width / height log-uniform in [3/4, 4/3], up to ten tries until it fits,
//   else the largest central part of such a ratio.
// Counterparts: fastai's RandomResizedCrop and Flip, torchvision.transforms.RandomResizedCrop.
#pragma once

#include "loaders/images/resize.h"
#include "tensor/random.h"

namespace octet::loaders {

struct RandomCropOptions {
  int size = 128;
  double min_scale = 0.35;
};

Box random_box(int width, int height, const RandomCropOptions& options, Generator& generator);

/// The random part, resized to size x size and perhaps mirrored.
Image random_resized_crop(const Image& image, const RandomCropOptions& options, Generator& generator);

/// Columns in reverse.
void mirror(Image& image);

}  // namespace octet::loaders
