#include "loaders/datasets/image_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "loaders/files/bytes.h"
#include "loaders/files/tar_gz.h"
#include "tensor/error.h"

namespace octet::loaders {
namespace {

namespace fs = std::filesystem;  // its header declares std::quoted: ours is called by its full name

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

std::string_view extension_of(std::string_view file) {
  const size_t dot = file.rfind('.');
  return dot == file.npos ? "" : file.substr(dot);
}

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string below(const std::string& folder, const std::string& name) { return folder.empty() ? name : folder + "/" + name; }

Skipped no_image(const std::string& name) {
  const std::string extension(extension_of(file_name(name)));
  return {name, name + ": no image by its name: " +
                    (extension.empty() ? "it has no extension" : "extension " + loaders::quoted(extension)) +
                    ", expected .jpg, .jpeg, .png, .bmp or .webp; convert or remove it"};
}

void add(FilesBelow& files, ImageFile file) {
  if (is_image_name(file_name(file.name)))
    files.images.push_back(std::move(file));
  else
    files.others.push_back(no_image(file.name));
}

void sort(FilesBelow& files) {
  std::ranges::sort(files.images, {}, &ImageFile::name);
  std::ranges::sort(files.others, {}, &Skipped::name);
}

class Folder : public FileTree {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}

  std::set<std::string> folders(const std::string& folder) const override {
    std::set<std::string> names;
    visit(folder, [&](const std::string& name, bool is_folder) {
      if (is_folder) names.insert(name);
    });
    return names;
  }

  FilesBelow files(const std::string& folder) override {
    FilesBelow found;
    std::vector<fs::path> above;
    walk(folder, above, found);
    sort(found);
    return found;
  }
  const std::vector<std::string>& warnings() const override { return warnings_; }

 private:
  fs::path on_disk(const std::string& name) const { return name.empty() ? fs::path(path_) : fs::path(path_) / name; }

  /// Calls visitor(name, is it a folder) for all that is not hidden.
  template <class Visitor>
  void visit(const std::string& folder, const Visitor& visitor) const {
    std::error_code error;
    for (fs::directory_iterator it(on_disk(folder), error), end; !error && it != end; it.increment(error)) {
      std::error_code ignored;  // a dangling link is not a folder
      const std::string name = it->path().filename().string();
      if (!is_hidden(name)) visitor(name, it->is_directory(ignored));
    }
    OCTET_CHECK(!error, printable(on_disk(folder).string()), ": cannot list the folder: ", error.message());
  }

  /// above: the folders on the way here, without links. A link to one of them would never end.
  void walk(const std::string& folder, std::vector<fs::path>& above, FilesBelow& found) {
    std::error_code error;
    const fs::path real = fs::canonical(on_disk(folder), error);
    if (std::ranges::count(above, real)) {
      warnings_.push_back(printable(on_disk(folder).string()) + ": a link to a folder above it; not followed");
      return;
    }
    above.push_back(real);
    visit(folder, [&](const std::string& name, bool is_folder) {
      const std::string whole = below(folder, name);
      is_folder ? walk(whole, above, found) : add(found, {whole, on_disk(whole).string()});
    });
    above.pop_back();
  }

  std::string path_;
  std::vector<std::string> warnings_;
};

/// Parts of a path, or none if one of them is hidden.
std::vector<std::string> visible_parts(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    parts.push_back(path.substr(begin, end - begin));
    if (is_hidden(parts.back())) return {};
    begin = end + 1;
  }
  return parts;
}

std::optional<std::string> split_in(const std::vector<std::string>& folders) {
  const auto split = std::ranges::find_if(folders, is_split);
  return split == folders.end() ? std::nullopt : std::optional(*split);
}

class Archive : public FileTree {
 public:
  Archive(const std::string& path, const std::string& split) {
    const auto wanted = [&](const std::string& name) {
      std::vector<std::string> parts = visible_parts(name);
      if (parts.empty()) return false;
      const std::string file = parts.back();
      parts.pop_back();
      remember(parts);
      const std::optional<std::string> of = split_in(parts);
      if (is_image_name(file) && (split.empty() || !of || is_same_split(*of, split))) return true;
      if (!is_image_name(file)) others_.push_back(name);
      return false;
    };
    warnings_ = read_tar_gz(path, {.wanted = wanted,
                                   .take =
                                       [&](const std::string& name, std::vector<uint8_t> bytes) {
                                         images_.push_back({name, "", std::move(bytes)});
                                       },
                                   .folder = [&](const std::string& name) { remember(visible_parts(name)); }});
    drop_leading_folders(!split.empty());
  }

  std::set<std::string> folders(const std::string& folder) const override {
    std::set<std::string> names;
    const std::string begin = below(folder, "");
    for (const std::string& name : folders_)
      if (name.starts_with(begin) && name.size() > begin.size())
        names.insert(name.substr(begin.size(), name.find('/', begin.size()) - begin.size()));
    return names;
  }

  FilesBelow files(const std::string& folder) override {
    FilesBelow found;
    const std::string begin = below(folder, "");
    for (ImageFile& file : images_)
      if (file.name.starts_with(begin)) add(found, std::move(file));
    for (const std::string& name : others_)
      if (name.starts_with(begin)) add(found, {name, ""});
    sort(found);
    return found;
  }
  const std::vector<std::string>& warnings() const override { return warnings_; }

 private:
  void remember(const std::vector<std::string>& parts) {
    std::string name;
    for (const std::string& part : parts) folders_.insert(name = below(name, part));
  }

  void drop_leading_folders(bool to_split) {
    const bool splits =
        to_split && std::ranges::any_of(folders_, [](const auto& f) { return split_in(visible_parts(f)).has_value(); });
    const std::string shared = splits ? "" : shared_folder();
    const auto shorten = [&](std::string& name) {
      size_t begin = shared.size();
      if (splits)
        for (begin = 0; begin < name.size() && !is_split(name.substr(begin, name.find('/', begin) - begin));)
          begin = std::min(name.find('/', begin), name.size() - 1) + 1;
      name = name.size() > begin ? name.substr(begin) : "";
    };
    std::set<std::string> shorter;
    for (std::string folder : folders_) {
      shorten(folder);
      if (!folder.empty()) shorter.insert(folder);
    }
    if (splits || !shared.empty()) folders_ = shorter;
    for (ImageFile& image : images_) shorten(image.name);
    for (std::string& other : others_) shorten(other);
    std::erase_if(images_, [](const ImageFile& image) { return image.name.empty(); });
    std::erase(others_, "");
  }

  /// "top/next/" that all images lie below, except train/, val/ and test/.
  std::string shared_folder() const {
    if (images_.empty()) return "";
    std::string shared = images_[0].name.substr(0, images_[0].name.rfind('/') + 1);
    for (const ImageFile& image : images_)
      while (!image.name.starts_with(shared)) shared.resize(shared.size() < 2 ? 0 : shared.rfind('/', shared.size() - 2) + 1);
    for (size_t begin = 0; begin < shared.size(); begin = shared.find('/', begin) + 1)
      if (is_split(shared.substr(begin, shared.find('/', begin) - begin))) return shared.substr(0, begin);
    return shared;
  }

  std::vector<ImageFile> images_;
  std::vector<std::string> others_;
  std::set<std::string> folders_;
  std::vector<std::string> warnings_;
};

}  // namespace

bool is_hidden(std::string_view name) {
  return name.starts_with('.') || name == "__MACOSX" || name == "Thumbs.db" || name == "desktop.ini";
}

bool is_image_name(std::string_view file) {
  constexpr std::array<std::string_view, 9> kExtensions = {".jpg", ".jpeg", ".png", ".bmp", ".webp",
                                                           ".ppm", ".pgm",  ".tif", ".tiff"};
  return std::ranges::count(kExtensions, lower_case(extension_of(file))) > 0;
}

bool is_split(std::string_view folder) { return folder == "train" || folder == "val" || folder == "valid" || folder == "test"; }

bool is_same_split(std::string_view a, std::string_view b) {
  const auto one_name = [](std::string_view split) { return split == "valid" ? "val" : split; };
  return one_name(a) == one_name(b);
}

std::unique_ptr<FileTree> open_tree(const std::string& path, const std::string& split) {
  std::error_code error;
  if (fs::is_directory(path, error)) return std::make_unique<Folder>(path);
  return std::make_unique<Archive>(path, split);
}

}  // namespace octet::loaders
