// Runs one of the programs and catches what it prints.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/support/paths.h"
#include "tests/support/temporary_folder.h"

namespace octet::test {

inline const std::string kData = source_dir() + "/data", kSample = kData + "/imagenette-sample",
                         kWeights = kData + "/resnet18-imagenette-fastai.pth";

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Result {
  int exit_code;
  std::string out, err;
};

/// command: "quantize --limit 3"; before: shell words that come first, such as "ulimit -f 10;"; after: shell words that come
/// last, such as "> /dev/full".
inline Result run(const std::string& command, const std::string& before = "", const std::string& after = "") {
  const TemporaryFolder folder;
  const std::string line = before + " " + binary_dir() + "/" + command + " > " + (folder / "out") + " 2> " + (folder / "err") +
                           " < /dev/null " + after;
  const int status = std::system(line.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_text(folder / "out"), read_text(folder / "err")};
}

/// Exit code as given, and exactly one line on stderr that begins with "error: " and contains every part.
inline ::testing::AssertionResult fails(const Result& r, int exit_code, const std::vector<std::string>& parts) {
  const auto wrong = [&](const std::string& what) {
    return ::testing::AssertionFailure() << what << "; exit " << r.exit_code << ", stderr: " << r.err;
  };
  if (r.exit_code != exit_code) return wrong("expected exit " + std::to_string(exit_code));
  const size_t at = r.err.rfind("error: ");
  if (at == std::string::npos || (at > 0 && r.err[at - 1] != '\n')) return wrong("no line begins with 'error: '");
  const std::string error = r.err.substr(at);
  if (error.find('\n') != error.size() - 1) return wrong("the error is not one line");
  for (const std::string& part : parts)
    if (error.find(part) == std::string::npos) return wrong("the error does not contain '" + part + "'");
  return ::testing::AssertionSuccess();
}

}  // namespace octet::test
