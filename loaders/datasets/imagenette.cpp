#include "loaders/datasets/imagenette.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>

#include "loaders/files/file.h"
#include "loaders/files/tar_gz.h"
#include "tensor/error.h"

namespace octet::loaders {
namespace {

namespace fs = std::filesystem;  // its header declares std::quoted: ours is called by its full name

bool is_validation(std::string_view split) { return split == "val" || split == "valid"; }
bool is_split(std::string_view folder) { return folder == "train" || is_validation(folder); }
/// Does a folder hold the split that is asked for?
bool answers(std::string_view folder, std::string_view split) {
  return folder == split || (is_validation(folder) && is_validation(split));
}

bool is_image_name(std::string_view file) {
  const size_t dot = file.rfind('.');
  if (file.starts_with('.') || dot == file.npos) return false;
  std::string extension(file.substr(dot + 1));
  std::ranges::transform(extension, extension.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return extension == "jpeg" || extension == "jpg" || extension == "png";
}

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

/// Names in a folder, sorted: of its folders, or of its other files. Hidden ones are left out.
std::set<std::string> list(const fs::path& folder, bool folders) {
  std::set<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;  // a dangling link is not a folder
    const std::string name = it->path().filename().string();
    if (!name.starts_with('.') && it->is_directory(ignored) == folders) names.insert(name);
  }
  OCTET_CHECK(!error, printable(folder.string()), ": cannot list the folder: ", error.message());
  return names;
}

/// Both splits must have the same classes, or a label means two things.
void check_same_classes(const std::string& path, const std::map<std::string, std::set<std::string>>& classes) {
  const auto& [one, ours] = *classes.begin();
  for (const auto& [other, theirs] : classes) {
    std::set<std::string> difference;
    std::ranges::set_symmetric_difference(ours, theirs, std::inserter(difference, difference.end()));
    OCTET_CHECK(difference.empty(), printable(path), ": ", one, "/ and ", other,
                "/ have different class folders: ", joined(difference), "; make them the same");
  }
}

[[noreturn]] void no_such_split(const std::string& path, const std::string& split, const std::set<std::string>& found) {
  fail(printable(path), ": no folder ", split, "/ in it, expected train/ and val/ (or valid/) with a folder per class; found ",
       joined(found));
}

}  // namespace

Imagenette::Imagenette(const std::string& path, const std::string& split, const ImagenetteOptions& options) {
  OCTET_CHECK(is_split(split), "unknown split ", loaders::quoted(split), ": expected train or val");
  std::error_code error;
  if (fs::is_directory(path, error))
    open_folder(path, split);
  else
    open_archive(path, split);
  sort_and_label(path);
  keep(options);
}

void Imagenette::open_folder(const std::string& path, const std::string& split) {
  const std::set<std::string> folders = list(path, true);
  std::map<std::string, std::set<std::string>> classes;  // of each split
  for (const std::string& folder : folders)
    if (is_split(folder)) classes[folder] = list(fs::path(path) / folder, true);
  const auto chosen = std::ranges::find_if(folders, [&](const std::string& f) { return answers(f, split); });
  if (chosen == folders.end()) no_such_split(path, split, folders);
  check_same_classes(path, classes);
  for (const std::string& name : classes[*chosen]) {
    const fs::path folder = fs::path(path) / *chosen / name;
    for (const std::string& file : list(folder, false))
      if (is_image_name(file)) samples_.push_back({*chosen + "/" + name + "/" + file, (folder / file).string()});
    for (const std::string& file : list(folder, true))  // a folder called x.JPEG: reading it is the error
      if (is_image_name(file)) samples_.push_back({*chosen + "/" + name + "/" + file, (folder / file).string()});
  }
  classes_.assign(classes[*chosen].begin(), classes[*chosen].end());
}

void Imagenette::open_archive(const std::string& path, const std::string& split) {
  std::set<std::string> found;
  std::map<std::string, std::set<std::string>> classes;
  // The last components of root/split/class/file; a folder member lacks the file.
  const auto sample_path = [&](const std::string& name, bool folder) -> std::string {
    const fs::path member = folder ? fs::path(name) / "x" : fs::path(name), of_class = member.parent_path();
    const std::string name_of_split = of_class.parent_path().filename().string();
    if (!is_split(name_of_split)) {
      found.insert(of_class.filename().string());
      return "";
    }
    classes[name_of_split].insert(of_class.filename().string());
    const std::string file = member.filename().string();
    return answers(name_of_split, split) && !folder && is_image_name(file)
               ? name_of_split + "/" + of_class.filename().string() + "/" + file
               : "";
  };
  warnings_ = read_tar_gz(path, {.wanted = [&](const std::string& name) { return !sample_path(name, false).empty(); },
                                 .take =
                                     [&](const std::string& name, std::vector<uint8_t> bytes) {
                                       samples_.push_back({sample_path(name, false), "", std::move(bytes)});
                                     },
                                 .folder = [&](const std::string& name) { sample_path(name, true); }});
  const auto chosen = std::ranges::find_if(classes, [&](const auto& c) { return answers(c.first, split); });
  if (chosen == classes.end()) no_such_split(path, split, found);
  check_same_classes(path, classes);
  classes_.assign(chosen->second.begin(), chosen->second.end());
}

void Imagenette::sort_and_label(const std::string& path) {
  std::ranges::sort(samples_, {}, &Sample::name);
  const auto twin = std::ranges::adjacent_find(samples_, {}, &Sample::name);
  OCTET_CHECK(twin == samples_.end(), printable(path), ": two images are called ", loaders::quoted(twin->name));
  OCTET_CHECK(!classes_.empty(), printable(path), ": no class folder in it, expected one per class, such as n01440764/");
  std::vector<size_t> images(classes_.size());
  for (Sample& sample : samples_) {
    const size_t begin = sample.name.find('/') + 1;
    const std::string of_class = sample.name.substr(begin, sample.name.find('/', begin) - begin);
    sample.label = static_cast<int>(std::ranges::lower_bound(classes_, of_class) - classes_.begin());
    ++images[sample.label];
  }
  OCTET_CHECK(!samples_.empty(), printable(path), ": no image in any of the ", classes_.size(),
              " class folders, expected .JPEG, .jpg or .png files");
  const auto empty = std::ranges::find(images, 0u);
  OCTET_CHECK(empty == images.end(), printable(path), ": class folder ", loaders::quoted(classes_[empty - images.begin()]),
              " has no image in it; fill or remove it");
}

void Imagenette::keep(const ImagenetteOptions& options) {
  if (!options.limit) return;
  std::vector<Sample> kept;
  for (size_t i : subset_indices(samples_.size(), *options.limit, options.subset)) kept.push_back(std::move(samples_[i]));
  samples_ = std::move(kept);
}

std::vector<uint8_t> Imagenette::bytes(size_t i) const {
  const Sample& sample = samples_.at(i);
  if (sample.file.empty()) return sample.bytes;
  const File file(sample.file);
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

const ImagenetteClass* imagenette_class(std::string_view wordnet_id) {
  const auto it = std::ranges::find(kImagenetteClasses, wordnet_id, &ImagenetteClass::wordnet_id);
  return it == kImagenetteClasses.end() ? nullptr : &*it;
}

std::string_view human_name(std::string_view wordnet_id) {
  const ImagenetteClass* known = imagenette_class(wordnet_id);
  return known ? known->human_name : wordnet_id;
}

}  // namespace octet::loaders
