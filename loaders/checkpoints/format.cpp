#include "loaders/checkpoints/format.h"

#include <algorithm>
#include <cctype>

namespace octet::loaders {
namespace {

struct Lookalike {
  size_t offset;
  std::string_view magic;  // lower case: compared without case
  std::string_view what;
};

constexpr Lookalike kLookalikes[] = {
    {0, "<!doctype html", "an HTML page; download the file itself"},
    {0, "<html", "an HTML page; download the file itself"},
    {0, "<?xml", "an XML page; download the file itself"},
    {0, "version https://git-lfs", "a Git-LFS pointer, not the file it points to; run git lfs pull"},
    {0, "pytorch1", "a preview of PyTorch 1.0's format; re-save it with torch >= 1.6"},
    {257, "ustar", "a tar archive; if torch <= 0.1 wrote it, re-save it with torch >= 1.6"},
    {0, "\x1f\x8b", "a gzip archive; unpack it first"},
    {0, "\x28\xb5\x2f\xfd", "a zstd archive; unpack it first"},
    {0, "7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"},
    {0, "\x93numpy", "a NumPy array, not a checkpoint"},
    {0, "\x89hdf", "an HDF5 (Keras) file; this reads .pth and .safetensors"},
    {0, "gguf", "a GGUF file; this reads .pth and .safetensors"},
    {0, "\x7f\x45lf", "a program"},
    {0, "pk\x05\x06", "an empty zip archive; the save did not finish"},
    {0, "\x80", "a plain pickle; save with torch.save(model.state_dict(), ...)"},
};

bool matches(std::string_view text, const Lookalike& like) {
  if (!inside(like.offset, like.magic.size(), text.size())) return false;
  const auto same = [](char magic, char c) { return magic == static_cast<char>(std::tolower(static_cast<unsigned char>(c))); };
  return std::equal(like.magic.begin(), like.magic.end(), text.begin() + static_cast<std::ptrdiff_t>(like.offset), same);
}

}  // namespace

Format format_of(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  if (text.starts_with("PK\x03\x04")) return Format::zip;
  if (text.starts_with(kLegacyMagic)) return Format::legacy_pth;
  if (text.size() > 8 && text[8] == '{') return Format::safetensors;
  return Format::other;
}

void refuse_format(Bytes bytes, std::string_view name) {
  std::string_view text = as_text(bytes);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // byte order mark of a text file
  if (const size_t start = text.find_first_not_of(" \t\r\n"); start != text.npos && start < 64) text.remove_prefix(start);
  for (const Lookalike& like : kLookalikes)
    if (matches(text, like)) fail(name, ": expected a checkpoint, but it looks like ", like.what);
  fail(name, ": expected a checkpoint (.pth or .safetensors), but it begins with ", quoted(text.substr(0, 16)));
}

}  // namespace octet::loaders
