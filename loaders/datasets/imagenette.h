// Imagenette, or any set in its layout: train/ and val/ (or valid/), in each a folder per class, in each the images.
//
// Opened from that folder or from a .tar.gz of it, of which only the chosen split is kept in memory. Classes are the sorted
// folder names (WordNet ids), samples are ordered by path as Python's sorted(glob(split + "/*/*.JPEG")) orders them. A file is an
// image by its extension (jpeg, jpg, png in any case) and does not begin with a dot; it is only decoded later. It does not
// download, split or shuffle. Counterpart: fastai's ImageDataLoaders.from_folder, torchvision's ImageFolder.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace octet::loaders {

/// Which samples a limit keeps.
enum class Subset {
  spread,  // at even distances, so that all classes are in it: [files[i * len(files) // limit] for i in range(limit)]
  first,   // files[:limit]
};

struct ImagenetteOptions {
  std::optional<size_t> limit = {};
  Subset subset = Subset::spread;
};

class Imagenette {
 public:
  /// split: "train" or "val"; "val" and "valid" stand for each other. Throws Error when there is nothing to read.
  Imagenette(const std::string& path, const std::string& split, const ImagenetteOptions& options = {});

  /// Sorted folder names.
  const std::vector<std::string>& classes() const { return classes_; }
  size_t size() const { return samples_.size(); }
  /// "val/n01440764/ILSVRC2012_val_00009111.JPEG"
  const std::string& name(size_t i) const { return samples_.at(i).name; }
  /// Index into classes().
  int label(size_t i) const { return samples_.at(i).label; }
  /// The file's bytes, from the disk or from the archive in memory. Any number of threads may ask at once.
  std::vector<uint8_t> bytes(size_t i) const;
  /// What was odd about the archive, one line each.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  struct Sample {
    std::string name, file;  // file: path on the disk, empty for a sample from an archive
    std::vector<uint8_t> bytes = {};
    int label = 0;
  };

  void open_folder(const std::string& path, const std::string& split);
  void open_archive(const std::string& path, const std::string& split);
  void sort_and_label(const std::string& path);
  void keep(const ImagenetteOptions& options);

  std::vector<std::string> classes_;
  std::vector<Sample> samples_;
  std::vector<std::string> warnings_;
};

/// Indices that a limit keeps out of `count` samples.
std::vector<size_t> subset_indices(size_t count, size_t limit, Subset subset);

struct ImagenetteClass {
  std::string_view wordnet_id, human_name;
  int imagenet_index;  // among ImageNet's 1000 classes, sorted by WordNet id as torchvision's weights order them
};
/// The ten of them in the order of the ids; names as fastai's tutorial.imagenette has them.
inline constexpr std::array<ImagenetteClass, 10> kImagenetteClasses = {{{"n01440764", "tench", 0},
                                                                        {"n02102040", "English springer", 217},
                                                                        {"n02979186", "cassette player", 482},
                                                                        {"n03000684", "chain saw", 491},
                                                                        {"n03028079", "church", 497},
                                                                        {"n03394916", "French horn", 566},
                                                                        {"n03417042", "garbage truck", 569},
                                                                        {"n03425413", "gas pump", 571},
                                                                        {"n03445777", "golf ball", 574},
                                                                        {"n03888257", "parachute", 701}}};

/// The class of that id, or null.
const ImagenetteClass* imagenette_class(std::string_view wordnet_id);

/// "tench" for "n01440764"; the name of a class that is not Imagenette's is returned as it is.
std::string_view human_name(std::string_view wordnet_id);

}  // namespace octet::loaders
