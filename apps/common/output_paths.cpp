#include "apps/common/output_paths.h"

#include <unistd.h>

#include <CLI/Error.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "loaders/checkpoints/card_record.h"
#include "loaders/checkpoints/format.h"
#include "loaders/checkpoints/model_card.h"
#include "loaders/files/file.h"
#include "quant/formats/model_file.h"
#include "tensor/json_text.h"

namespace octet::apps {
namespace {

namespace fs = std::filesystem;
using loaders::printable;

/// The JSON header of a .safetensors; empty for any other file.
std::string_view safetensors_header(loaders::Bytes bytes) {
  if (loaders::format_of(bytes) != loaders::Format::safetensors) return {};
  const auto size = loaders::load_le<uint64_t>(bytes.data());
  return loaders::inside(8, size, bytes.size()) ? loaders::as_text(bytes.subspan(8, size)) : std::string_view();
}

bool is_report(std::string_view text) {
  nlohmann::json json;
  try {
    json = parse_json<nlohmann::json>(text, {}, "report");
  } catch (const Error&) {  // no JSON, or none of octet's
    return false;
  }
  if (!json.is_object()) return false;
  return (json.contains("hand_check") && json.contains("kept_float") && json.contains("observers")) ||
         (json.contains("octet") && json.contains("observers_of"));
}

bool can_fill(const fs::path& folder) {
  return ::access((folder / "").c_str(), W_OK | X_OK) == 0;  // the slash: a file is no folder
}

}  // namespace

void check_can_write(const std::string& path) {
  const std::string name = printable(path);
  std::error_code error;
  const fs::path target = loaders::written_file(path);  // of a symbolic link, the file that it names: that is replaced
  const fs::file_status status = fs::status(target, error);
  OCTET_CHECK(!fs::is_directory(status), name, ": is a directory, expected a file; remove it, or choose another output");
  OCTET_CHECK(!fs::exists(status) || fs::is_regular_file(status), name, ": not a regular file; choose another output");
  OCTET_CHECK(!fs::exists(status) || ::access(target.c_str(), W_OK) == 0, name, ": cannot write: ", std::strerror(errno));
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");  // written there, then renamed
  OCTET_CHECK(can_fill(folder), name, fs::is_symlink(fs::symlink_status(path, error)) ? " is a link" : "", ": cannot write into ",
              printable(folder.string()), ": ", std::strerror(errno));
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

bool written_by_octet(const std::string& path) {
  using namespace std::string_view_literals;
  constexpr std::string_view kOnnx = "\x08\x07\x12\x05octet"sv, kHeader = "/* An int8 network, written by octet"sv;
  const loaders::File file(path);
  const std::string_view text = loaders::as_text(file.bytes()), header = safetensors_header(file.bytes());
  for (const std::string_view begins : {kOnnx, kHeader, kLogBegins, kCurvesBegin, kPageBegins, kObserversBegin})
    if (text.starts_with(begins)) return true;
  if (header.find(str('"', loaders::kCardKey, '"')) != header.npos || header.find(quant::kModelFormat) != header.npos)
    return true;
  if (loaders::format_of(file.bytes()) == loaders::Format::zip) try {
      return !loaders::read_card_record(file).empty();
    } catch (const Error&) {  // no archive of octet's: damaged, or another program's
      return false;
    }
  return text.starts_with('{') && is_report(text);
}

void refuse_to_replace(const std::string& option, const std::string& path) {
  std::error_code missing;
  const auto size = fs::file_size(path, missing);
  if (missing || size == 0 || written_by_octet(path)) return;
  throw CLI::ValidationError(
      str(option, ": ", printable(path), " is there, and octet has not written it; choose another name, or give --force"));
}

}  // namespace octet::apps
