// A small folder in Imagenette's layout, made of golden images.
#pragma once

#include "golden_image.h"
#include "tar_builder.h"
#include "tests/support/temporary_folder.h"

namespace octet::loaders {

using test::TemporaryFolder;

inline const std::vector<std::string> kSampleImages = {
    "train/n01440764/a.JPEG", "train/n02102040/b.JPEG", "val/n01440764/c.JPEG",
    "val/n01440764/d.JPEG",   "val/n02102040/a.png",    "val/n02102040/z.JPEG",
};

inline FileBytes sample_bytes(const std::string& name) {
  return golden_bytes(name.ends_with(".png") ? "photo.png" : "jpeg_420.jpg");
}

inline void make_sample(const TemporaryFolder& folder) {
  for (const std::string& name : kSampleImages) write_bytes(folder / name, sample_bytes(name));
}

/// The same as an archive, members in reverse, under the folder "root".
inline TarBuilder sample_tar() {
  TarBuilder tar;
  for (auto name = kSampleImages.rbegin(); name != kSampleImages.rend(); ++name) {
    const FileBytes bytes = sample_bytes(*name);
    tar.add("root/" + *name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  return tar;
}

}  // namespace octet::loaders
