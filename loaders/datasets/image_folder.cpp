#include "loaders/datasets/image_folder.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <random>

#include "loaders/files/file.h"
#include "tensor/error.h"

namespace octet::loaders {
namespace {

std::string joined(const std::set<std::string>& names) {
  constexpr size_t kShown = 12;
  std::string text;
  size_t shown = 0;
  for (const std::string& name : names) {
    if (shown++ == kShown) return text + ", ...";
    text += (text.empty() ? "" : ", ") + printable(name);
  }
  return text.empty() ? "none" : text;
}

std::set<std::string> splits_of(const std::set<std::string>& folders) {
  std::set<std::string> splits;
  std::ranges::copy_if(folders, std::inserter(splits, splits.end()), [](const auto& f) { return is_split(f); });
  return splits;
}

[[noreturn]] void no_such_split(const std::string& path, const std::string& split, const std::set<std::string>& found) {
  const std::string hint = !splits_of(found).empty() ? "; give --split, or --valid-share 0.2 to divide train/"
                           : found.empty()           ? ""
                                                     : "; if these are the classes, give --valid-share 0.2, or --split all";
  fail(printable(path), ": no folder ", split, "/ in it, expected train/ and val/ (or valid/) with a folder per class; found ",
       joined(found), hint);
}

/// The folder of the split; "" when the whole is asked for.
std::string base_of(const std::string& path, const FileTree& tree, const std::string& split, Labels labels) {
  const std::set<std::string> folders = tree.folders(""), splits = splits_of(folders);
  if (split == "all") {
    OCTET_CHECK(splits.empty() || splits != folders, printable(path), ": --split all is for a folder of classes, this one has ",
                joined(splits), "; give one of them");
    return "";
  }
  if (labels == Labels::if_any && splits.empty()) return "";
  const auto chosen = std::ranges::find_if(splits, [&](const std::string& s) { return is_same_split(s, split); });
  if (chosen == splits.end()) no_such_split(path, split, folders);
  return *chosen;
}

/// The folder of classes that valid_share divides.
std::string base_to_divide(const std::string& path, const FileTree& tree, const std::string& split) {
  const std::set<std::string> folders = tree.folders(""), splits = splits_of(folders);
  OCTET_CHECK(split != "test" && split != "all", "--valid-share makes train and val, but --split is ", split);
  if (splits.empty() || splits != folders) return "";
  OCTET_CHECK(!splits.contains("val") && !splits.contains("valid"), printable(path),
              ": has a validation set already; leave out --valid-share");
  if (!splits.contains("train")) no_such_split(path, "train", folders);
  return "train";
}

/// train/ and val/ must have the same classes, and test/ no others, or a label means two things.
void check_same_classes(const std::string& path, const FileTree& tree, const std::string& base) {
  std::map<std::string, std::set<std::string>> classes;
  for (const std::string& split : splits_of(tree.folders("")))
    if (split != "test" || base == "test") classes[split] = tree.folders(split);
  const auto& [one, ours] = *classes.begin();
  for (const auto& [other, theirs] : classes) {
    std::set<std::string> difference;
    if (one == "test" || other == "test")
      std::ranges::set_difference(one == "test" ? ours : theirs, one == "test" ? theirs : ours,
                                  std::inserter(difference, difference.end()));
    else
      std::ranges::set_symmetric_difference(ours, theirs, std::inserter(difference, difference.end()));
    OCTET_CHECK(difference.empty(), printable(path), ": ", one, "/ and ", other,
                "/ have different class folders: ", joined(difference), "; make them the same");
  }
}

/// The class folders that give a split its labels: its own, or those of train/ for test/, which may lack some.
std::set<std::string> classes_of(const FileTree& tree, const std::string& base) {
  return tree.folders(base == "test" && tree.folders("").contains("train") ? "train" : base);
}

}  // namespace

ImageFolder::ImageFolder(const std::string& path, const std::string& split, const ImageFolderOptions& o) {
  OCTET_CHECK(is_split(split) || split == "all", "unknown split ", loaders::quoted(split), ": expected train, val, test or all");
  const bool whole = o.valid_share || split == "all";
  const std::unique_ptr<FileTree> tree = open_tree(path, whole ? "" : split);
  const std::string base = o.valid_share ? base_to_divide(path, *tree, split) : base_of(path, *tree, split, o.labels);
  if (!base.empty()) check_same_classes(path, *tree, base);
  const std::set<std::string> classes = classes_of(*tree, base);
  classes_.assign(classes.begin(), classes.end());
  take(path, base, tree->files(base), o.labels);
  warnings_ = tree->warnings();
  if (o.valid_share) divide(path, split, *o.valid_share, o.seed);
  if (o.limit) keep(subset_indices(samples_.size(), *o.limit, o.subset));
}

ImageFolder::ImageFolder(const std::vector<std::string>& files) {
  for (const std::string& file : files) samples_.push_back({{file, file}});
}

void ImageFolder::take(const std::string& path, const std::string& base, FilesBelow files, Labels labels) {
  const auto twin = std::ranges::adjacent_find(files.images, {}, &ImageFile::name);
  OCTET_CHECK(twin == files.images.end(), printable(path), ": two images are called ", loaders::quoted(twin->name));
  const size_t begin = base.empty() ? 0 : base.size() + 1;
  const auto beside = [&](const ImageFile& file) { return file.name.find('/', begin) == file.name.npos; };
  if (labels == Labels::if_any && (classes_.empty() || std::ranges::any_of(files.images, beside))) {
    classes_.clear();
    skipped_ = std::move(files.others);
    for (ImageFile& file : files.images) samples_.push_back({std::move(file)});
    OCTET_CHECK(!samples_.empty(), printable(path), ": no image in it, expected .jpg, .jpeg, .png, .bmp or .webp files",
                skipped_.empty() ? "" : "; it has " + printable(skipped_[0].name));
    return;
  }
  label(base, std::move(files));
  if (labels == Labels::needed) check_labelled(path, base);
  OCTET_CHECK(!samples_.empty(), printable(path), ": no image in any of the ", classes_.size(),
              " class folders, expected .jpg, .jpeg, .png, .bmp or .webp files");
}

/// Images get the class that they lie below; those beside the class folders are left out and named.
void ImageFolder::label(const std::string& base, FilesBelow files) {
  const size_t begin = base.empty() ? 0 : base.size() + 1;
  const auto class_of = [&](const std::string& name) {
    const size_t end = name.find('/', begin);
    return end == name.npos ? std::string() : name.substr(begin, end - begin);
  };
  for (Skipped& other : files.others)
    if (!class_of(other.name).empty()) skipped_.push_back(std::move(other));
  for (ImageFile& file : files.images) {
    const auto found = std::ranges::lower_bound(classes_, class_of(file.name));
    if (class_of(file.name).empty())
      skipped_.push_back({file.name, file.name + ": lies in no class folder; move it into one"});
    else
      samples_.push_back({std::move(file), static_cast<int>(found - classes_.begin())});
  }
}

void ImageFolder::check_labelled(const std::string& path, const std::string& base) const {
  OCTET_CHECK(!classes_.empty(), printable(path), ": no class folder in ", base.empty() ? "it" : base + "/",
              ", expected one per class, with the images in it");
  const auto others = [&] {
    return skipped_.empty() ? std::string() : ", only files such as " + loaders::quoted(skipped_[0].name);
  };
  OCTET_CHECK(!samples_.empty(), printable(path), ": no image in any of the ", classes_.size(),
              " class folders, expected .jpg, .jpeg, .png, .bmp or .webp files", others());
  std::vector<size_t> images(classes_.size());
  for (const Sample& sample : samples_) ++images[static_cast<size_t>(sample.label)];
  const auto empty = std::ranges::find(images, 0u);
  OCTET_CHECK(empty == images.end() || base == "test", printable(path), ": class folder ",
              loaders::quoted(classes_[static_cast<size_t>(empty - images.begin())]), " has no image in it", others(),
              "; fill or remove it");
}

/// As fastai's RandomSplitter(valid_pct, seed) divides a list.
void ImageFolder::divide(const std::string& path, const std::string& split, double valid_share, uint64_t seed) {
  OCTET_CHECK(valid_share > 0 && valid_share < 1, "--valid-share ", valid_share, ": expected a number between 0 and 1");
  const std::vector<size_t> order = random_permutation(samples_.size(), seed);
  const auto cut = order.begin() + static_cast<std::ptrdiff_t>(valid_share * static_cast<double>(order.size()));
  OCTET_CHECK(cut != order.begin(), printable(path), ": --valid-share ", valid_share, " of ", order.size(),
              " images is none; give a larger share");
  std::vector<size_t> part = split == "train" ? std::vector(cut, order.end()) : std::vector(order.begin(), cut);
  std::ranges::sort(part);
  keep(part);
}

void ImageFolder::keep(const std::vector<size_t>& indices) {
  std::vector<Sample> kept;
  for (size_t i : indices) kept.push_back(std::move(samples_[i]));
  samples_ = std::move(kept);
}

std::vector<uint8_t> ImageFolder::bytes(size_t i) const {
  const ImageFile& image = samples_.at(i).file;
  if (image.path.empty()) return image.bytes;
  const File file(image.path);
  const auto* begin = reinterpret_cast<const uint8_t*>(file.bytes().data());
  return {begin, begin + file.bytes().size()};
}

std::vector<size_t> subset_indices(size_t count, size_t limit, Subset subset) {
  OCTET_CHECK(limit > 0, "a limit of 0 images: expected at least 1");
  const size_t kept = std::min(count, limit);
  std::vector<size_t> indices;
  for (size_t i = 0; i < kept; ++i) indices.push_back(subset == Subset::spread ? i * count / kept : i);
  return indices;
}

std::vector<size_t> random_permutation(size_t count, uint64_t seed) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  std::mt19937 generator(static_cast<uint32_t>(seed));
  for (size_t i = 0; i + 1 < count; ++i) std::swap(order[i], order[i + generator() % (count - i)]);
  return order;
}

}  // namespace octet::loaders
