// The image files of a folder or of a .tar.gz, before anyone says which are classes.
//
// A file is an image by its extension, as for torchvision: jpg, jpeg, png, bmp, webp, in any case. Files of other kinds that
// torchvision takes (ppm, pgm, tif, tiff) are images too, which decode_image then refuses by name. Any other file is named, not
// read. What a system hides is left out everywhere: names that begin with a dot, __MACOSX, Thumbs.db, desktop.ini.
// Counterpart: torchvision's make_dataset with os.walk(followlinks=True).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace octet::loaders {

/// An image that was left out.
struct Skipped {
  std::string name, reason;
};

struct ImageFile {
  std::string name, path;  // "val/cats/a.jpg"; where it lies on the disk, empty for one from an archive
  std::vector<uint8_t> bytes = {};
};

struct FilesBelow {
  std::vector<ImageFile> images;  // sorted by name
  std::vector<Skipped> others;    // files that are no images by their names
};

class FileTree {
 public:
  virtual ~FileTree() = default;
  /// Names of the folders in a folder; "" is the top.
  virtual std::set<std::string> folders(const std::string& folder) const = 0;
  /// All files below a folder, at any depth. May be called once.
  virtual FilesBelow files(const std::string& folder) = 0;
  /// What was odd, one line each.
  virtual const std::vector<std::string>& warnings() const = 0;
};

bool is_hidden(std::string_view name);
bool is_image_name(std::string_view file);

/// "train" or "test", or "val" and "valid", which stand for each other.
bool is_split(std::string_view folder);
bool is_same_split(std::string_view a, std::string_view b);

/// A folder, or an archive of which the images that `split` needs are kept in memory; all of them if it is empty. An archive's
/// leading folders ("imagenette2/") are dropped: up to train/, val/ and test/ for a split, or those that all files share.
std::unique_ptr<FileTree> open_tree(const std::string& path, const std::string& split);

}  // namespace octet::loaders
