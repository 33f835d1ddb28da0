// The images that a command line names: files, folders, patterns, and - for names on standard input.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "loaders/images/image.h"

namespace octet::apps {

/// The image in a file. Throws Error, one line that begins with its name.
loaders::Image read_image(const std::string& path);

struct ImageFiles {
  std::vector<std::string> paths;  // in the order of the arguments; of a folder sorted
  std::vector<std::string> notes;  // what folders had besides
};

/// A folder stands for the images in it and below it, by their extensions; hidden files and folders are left out. A pattern
/// (* ? [) that is no file itself is expanded as a shell does. "-" stands for the lines of `names`. A file that is not there stays
/// in the list: reading it is the error. Throws Error for a folder without images and a pattern without files.
ImageFiles find_images(const std::vector<std::string>& arguments, std::istream& names);

}  // namespace octet::apps
