// Reads the files, computes their digests with libcrypto, and compares them with what was asked for.
#include "apps/common/verify.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "loaders/checkpoints/format.h"
#include "loaders/checkpoints/safetensors.h"
#include "loaders/files/digest.h"
#include "networks/onnx/model.h"

namespace octet::apps {
namespace {

namespace fs = std::filesystem;
using loaders::Hash;

constexpr const char* kKnown = "known";
constexpr std::string_view kHexDigits = "0123456789abcdef";

/// Archives of images. Sizes: fastai's data/checks.txt; MD5: torchvision's datasets/imagenette.py.
struct KnownFile {
  std::string_view name;
  uint64_t size;
  std::string_view md5;
};
constexpr KnownFile kKnownFiles[] = {{"imagenette2.tgz", 1'557'161'267, "fe2fc210e6bb7c5664d602c3cd71e612"},
                                     {"imagenette2-320.tgz", 341'663'724, "3df6f0d01a2c9592104656642f5e78a3"},
                                     {"imagenette2-160.tgz", 99'003'388, "e793b78cc4c9e9a4ccc0c1155377a412"}};

struct Wanted {
  Hash hash;
  std::string digits;
};

const char* prefix_of(Hash hash) { return hash == Hash::sha256 ? "sha256:" : "md5:"; }

/// "sha256:HEX" or "md5:HEX".
std::optional<Wanted> parse(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c; });
  for (const auto& [hash, digits] : {std::pair(Hash::sha256, size_t{64}), {Hash::md5, size_t{32}}})
    if (text.starts_with(prefix_of(hash))) {
      const std::string hex = text.substr(std::string_view(prefix_of(hash)).size());
      if (hex.size() == digits && hex.find_first_not_of(kHexDigits) == hex.npos) return Wanted{hash, hex};
    }
  return {};
}

/// The files among the paths: folders and standard input have no digest.
std::vector<std::string> files_of(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (path.empty() || path == "-" || fs::is_directory(path)) continue;
    loaders::refuse_url(path);
    files.push_back(path);
  }
  return files;
}

std::string digest_of(const std::string& path, Hash hash) { return loaders::hex_digest(hash, loaders::File(path).bytes()); }

/// Returns which file it is of.
std::string find(const Wanted& wanted, const std::vector<std::string>& files) {
  std::string found;
  for (const std::string& path : files) {
    const std::string digits = digest_of(path, wanted.hash);
    if (digits == wanted.digits) return path;
    found += str(found.empty() ? "" : ", ", loaders::printable(path), " has ", prefix_of(wanted.hash), digits);
  }
  fail("--verify: no file that is read has ", prefix_of(wanted.hash), wanted.digits, ": ",
       found.empty() ? "there are folders only, which have no digest" : found, "; get the file again, or correct the digest");
}

/// The digits at the end of "resnet18-f37072fd.pth".
std::string digits_of_name(const std::string& name) {
  constexpr size_t kFewest = 8;
  const std::string stem = fs::path(name).stem();
  const std::string digits = stem.substr(stem.rfind('-') + 1);
  const bool any = stem.find('-') != stem.npos && digits.size() >= kFewest && digits.size() <= loaders::kSealDigits;
  return any && digits.find_first_not_of(kHexDigits) == digits.npos ? digits : "";
}

/// Reads it, which checks its seal.
bool is_sealed(const loaders::File& file, const std::string& path) {
  if (loaders::format_of(file.bytes()) == loaders::Format::safetensors) return loaders::load_safetensors(file).sealed;
  return networks::onnx::is_onnx(file, path) && networks::onnx::read_onnx(file, path).sealed;
}

/// What is known of a file and holds; empty: nothing is known.
std::string check_known(const std::string& path) {
  const loaders::File file(path);
  const std::string name = fs::path(path).filename();
  for (const KnownFile& known : kKnownFiles) {
    if (name != known.name) continue;
    const std::string is = str(file.name(), ": not the known ", known.name, ": ");
    OCTET_CHECK(file.bytes().size() == known.size, is, file.bytes().size(), " bytes, expected ", known.size,
                "; get it again, or rename it if it is another");
    const std::string md5 = loaders::hex_digest(Hash::md5, file.bytes());
    OCTET_CHECK(md5 == known.md5, is, "md5:", md5, ", expected md5:", known.md5, "; get it again, or rename it if it is another");
    return "size and MD5 of the known archive";
  }
  if (const std::string digits = digits_of_name(name); !digits.empty()) {
    const std::string sha256 = loaders::hex_digest(Hash::sha256, file.bytes());
    OCTET_CHECK(sha256.starts_with(digits), file.name(), ": its name says that its SHA-256 begins with ", digits, ", it is ",
                sha256, "; get it again, or rename it");
    return "SHA-256 begins as its name says";
  }
  return is_sealed(file, path) ? "SHA-256 is that of its seal" : "";
}

}  // namespace

void add_verify_option(CLI::App& app, std::vector<std::string>& wanted) {
  app.add_option(
         "--verify", wanted,
         "What files that are read must be, or the program ends: sha256:HEX or md5:HEX of one of them, several with commas; "
         "known: what their names, their seals or octet's table of data sets say")
      ->delimiter(',')
      ->allow_extra_args(false)  // what follows may be predict's images
      ->check(CLI::Validator(
          [](std::string& text) -> std::string {
            return text == kKnown || parse(text)
                       ? ""
                       : str(quoted(text), ": expected known, sha256: and 64 digits from 0 to f, or md5: and 32");
          },
          "known|sha256:HEX|md5:HEX"))
      ->group("Common");
}

void verify_files(const std::vector<std::string>& wanted, const std::vector<std::string>& paths, bool quiet) {
  if (wanted.empty()) return;
  const std::vector<std::string> files = files_of(paths);
  const auto say = [&](const std::string& path, const std::string& what) {
    if (!quiet) std::cerr << "verified: " << loaders::printable(path) << ": " << what << "\n";
  };
  for (const std::string& text : wanted) {
    if (const auto digest = parse(text)) {
      say(find(*digest, files), text);
      continue;
    }
    size_t known = 0;
    std::string names;
    for (const std::string& path : files) {
      const std::string what = check_known(path);
      if (!what.empty()) say(path, what), ++known;
      names += str(names.empty() ? "" : ", ", loaders::printable(path));
    }
    OCTET_CHECK(known > 0, "--verify known: nothing is known of ", names.empty() ? "folders" : names,
                "; give --verify sha256:HEX, as sha256sum prints it");
  }
}

}  // namespace octet::apps
