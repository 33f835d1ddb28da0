#include "apps/common/output_paths.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "loaders/files/bytes.h"

namespace octet::apps {
namespace {

namespace fs = std::filesystem;
using loaders::printable;

bool can_fill(const fs::path& folder) {
  return ::access((folder / "").c_str(), W_OK | X_OK) == 0;  // the slash: a file is no folder
}

}  // namespace

void check_can_write(const std::string& path) {
  const std::string name = printable(path);
  std::error_code error;
  const fs::path target = fs::weakly_canonical(path, error);  // of a symbolic link, the file that it names: that is replaced
  OCTET_CHECK(!error, name, ": cannot write: ", error.message());
  const fs::file_status status = fs::status(target, error);
  OCTET_CHECK(!fs::is_directory(status), name, ": is a directory, expected a file; remove it, or choose another output");
  OCTET_CHECK(!fs::exists(status) || fs::is_regular_file(status), name, ": not a regular file; choose another output");
  OCTET_CHECK(!fs::exists(status) || ::access(target.c_str(), W_OK) == 0, name, ": cannot write: ", std::strerror(errno));
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");  // written there, then renamed
  OCTET_CHECK(can_fill(folder), name, ": cannot write into ", printable(folder.string()), ": ", std::strerror(errno));
}

void check_can_fill(const std::string& folder) {
  OCTET_CHECK(can_fill(folder), printable(folder), ": cannot write into this folder: ", std::strerror(errno));
}

void refuse_overwriting(const std::string& option, const std::string& path, const std::vector<std::string>& inputs) {
  for (const std::string& input : inputs) {
    std::error_code missing;
    if (!input.empty() && fs::equivalent(path, input, missing))
      throw CLI::ValidationError(str(option, ": ", printable(path), " is an input too; choose another name"));
  }
}

}  // namespace octet::apps
