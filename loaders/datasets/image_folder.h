// Images in folders of their classes, from a folder or a .tar.gz of it.
//
//   train/ val/ (or valid/) test/, in each a folder per class      one of the three, by its name
//   a folder per class                                             valid_share: a part of it at random; or "all" of it
//   images without classes                                         if no labels are asked for
// Classes are the folder names in the order of their bytes, as torchvision sorts them; an image in a sub-folder belongs to the
// class above it. Images are in the order of their paths. They are decoded later; files that are no images by their names
// (image_files.h) are listed in skipped(). Counterpart: torchvision's ImageFolder, fastai's ImageDataLoaders.from_folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loaders/datasets/image_files.h"

namespace octet::loaders {

/// Which samples a limit keeps.
enum class Subset {
  spread,  // at even distances, so that all classes are in it: [files[i * len(files) // limit] for i in range(limit)]
  first,   // files[:limit]
};

enum class Labels {
  needed,
  if_any,  // a folder without train/, val/ and test/ is taken whole; images that lie beside each other have no labels
};

struct ImageFolderOptions {
  std::optional<size_t> limit = {};
  Subset subset = Subset::spread;
  std::optional<double> valid_share = {};  // fastai's valid_pct, in (0, 1): this share is "val", the rest "train"
  uint64_t seed = 0;                       // of that share
  Labels labels = Labels::needed;
};

class ImageFolder {
 public:
  /// split: "train", "val" or "valid", "test", or "all". Throws Error when there is nothing to read.
  ImageFolder(const std::string& path, const std::string& split, const ImageFolderOptions& options = {});
  /// Images without labels, in the order of the names. A file that is missing is an error when it is read.
  explicit ImageFolder(const std::vector<std::string>& files);

  /// Sorted folder names; none if the images have no labels.
  const std::vector<std::string>& classes() const { return classes_; }
  bool labelled() const { return !classes_.empty(); }
  size_t size() const { return samples_.size(); }
  /// "val/cats/a.jpg"
  const std::string& name(size_t i) const { return samples_.at(i).file.name; }
  /// Index into classes(), or -1.
  int label(size_t i) const { return samples_.at(i).label; }
  /// The file's bytes, from the disk or from the archive in memory. Any number of threads may ask at once.
  std::vector<uint8_t> bytes(size_t i) const;
  /// What was odd about the archive, one line each.
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// Files in the class folders that are no images, and images that lie in none of them.
  const std::vector<Skipped>& skipped() const { return skipped_; }

 private:
  struct Sample {
    ImageFile file;
    int label = -1;
  };

  void take(const std::string& path, const std::string& base, FilesBelow files, Labels labels);
  void label(const std::string& base, FilesBelow files);
  void check_labelled(const std::string& path, const std::string& base) const;
  void divide(const std::string& path, const std::string& split, double valid_share, uint64_t seed);
  void keep(const std::vector<size_t>& indices);

  std::vector<std::string> classes_;
  std::vector<Sample> samples_;
  std::vector<std::string> warnings_;
  std::vector<Skipped> skipped_;
};

/// Indices that a limit keeps out of `count` samples.
std::vector<size_t> subset_indices(size_t count, size_t limit, Subset subset);

/// torch.manual_seed(seed); torch.randperm(count), which fastai's RandomSplitter takes its indices from.
std::vector<size_t> random_permutation(size_t count, uint64_t seed);

}  // namespace octet::loaders
