#include "apps/common/image_files.h"

#include <glob.h>

#include <filesystem>

#include "loaders/datasets/image_files.h"
#include "loaders/files/bytes.h"
#include "loaders/files/file.h"

namespace octet::apps {
namespace {

namespace fs = std::filesystem;
using loaders::printable;

void add_folder(const std::string& folder, ImageFiles& found) {
  const std::unique_ptr<loaders::FileTree> tree = loaders::open_tree(folder, "");
  const auto [images, others] = tree->files("");
  OCTET_CHECK(!images.empty(), printable(folder), ": no image in it, expected files such as a.jpg or a.png");
  for (const loaders::ImageFile& image : images) found.paths.push_back(image.path);
  found.notes.insert(found.notes.end(), tree->warnings().begin(), tree->warnings().end());
  if (!others.empty())
    found.notes.push_back(
        str(printable(folder), ": left out ", others.size(),
            others.size() == 1 ? " file that is no image by its name: " : " files that are no images by their names: ",
            printable(others.front().name), others.size() > 1 ? ", ..." : ""));
}

void add_pattern(const std::string& pattern, ImageFiles& found) {
  glob_t matches{};
  const int code = ::glob(pattern.c_str(), 0, nullptr, &matches);
  for (size_t i = 0; code == 0 && i < matches.gl_pathc; ++i) found.paths.emplace_back(matches.gl_pathv[i]);
  ::globfree(&matches);
  OCTET_CHECK(code == 0, printable(pattern), ": no file has a name of this pattern");
}

void add(const std::string& argument, ImageFiles& found) {
  std::error_code error;
  const fs::file_status status = fs::status(argument, error);
  if (fs::is_directory(status)) return add_folder(argument, found);
  if (!fs::exists(status) && argument.find_first_of("*?[") != std::string::npos) return add_pattern(argument, found);
  found.paths.push_back(argument);
}

}  // namespace

loaders::Image read_image(const std::string& path) {
  const loaders::File file(path);
  const std::span bytes(reinterpret_cast<const uint8_t*>(file.bytes().data()), file.bytes().size());
  return loaders::decode_image(bytes, file.name());
}

ImageFiles find_images(const std::vector<std::string>& arguments, std::istream& names) {
  ImageFiles found;
  for (const std::string& argument : arguments) {
    if (argument != "-") {
      add(argument, found);
      continue;
    }
    const size_t before = found.paths.size();
    for (std::string line; std::getline(names, line);) {
      if (line.ends_with('\r')) line.pop_back();
      if (!line.empty()) add(line, found);
    }
    OCTET_CHECK(found.paths.size() > before, "-: no name on standard input, expected a file or folder in each line");
  }
  return found;
}

}  // namespace octet::apps
