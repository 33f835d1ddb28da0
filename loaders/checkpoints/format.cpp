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
    {4, "tfl3", "a TensorFlow Lite model; octet reads the PyTorch checkpoint that it came from"},
    {4, "et12", "an ExecuTorch program; octet reads the checkpoint that it came from"},
    {0, "{", "a JSON text; of a sharded safetensors, give the .safetensors file with the weights"},
    {0, "\xff\xd8\xff", "a JPEG image; the model goes first, images behind it"},
    {0, "\x89png", "a PNG image; the model goes first, images behind it"},
    {0, "\x7f\x45lf", "a program"},
    {0, "pk\x05\x06", "an empty zip archive; the save did not finish"},
    {0, "\x80", "a plain pickle; save with torch.save(model.state_dict(), ...)"},
};

bool matches(std::string_view text, const Lookalike& like) {
  if (!inside(like.offset, like.magic.size(), text.size())) return false;
  const auto same = [](char magic, char c) { return magic == static_cast<char>(std::tolower(static_cast<unsigned char>(c))); };
  return std::equal(like.magic.begin(), like.magic.end(), text.begin() + static_cast<std::ptrdiff_t>(like.offset), same);
}

bool has_ending(const Zip& zip, std::string_view end) {
  return std::ranges::any_of(zip.entries(), [&](const ZipEntry& e) { return e.name.ends_with(end); });
}

}  // namespace

std::string python(const std::string& code) { return "python3 -c \"" + code + "\""; }

void refuse_other_zip(const Zip& zip, const std::string& name) {
  const auto take_out = [&](const std::string& weights) {
    return "save its weights: " + python("import torch; torch.save(" + weights + ", 'weights.pth')");
  };
  const bool script = has_ending(zip, "/constants.pkl") ||
                      std::ranges::any_of(zip.entries(), [](const ZipEntry& e) { return e.name.find("/code/") != e.name.npos; });
  OCTET_CHECK(!script, name, ": a TorchScript archive; ",
              take_out("torch.jit.load('" + name + "', map_location='cpu').state_dict()"));
  const bool exported = has_ending(zip, "archive_format") || has_ending(zip, "serialized_exported_program.json");
  OCTET_CHECK(!exported, name, ": a program of torch.export (.pt2); ", take_out("torch.export.load('" + name + "').state_dict"));
  OCTET_CHECK(!has_ending(zip, ".npy"), name, ": an archive of NumPy arrays (.npz), not a checkpoint; save model.state_dict()");
  OCTET_CHECK(!has_ending(zip, ".weights.h5"), name, ": a Keras model; this reads .pth and .safetensors");
  const bool pickles = has_ending(zip, "/data.pkl") || has_ending(zip, "/version");
  for (const char* inner : {".pth", ".pt", ".safetensors", ".ckpt"})
    OCTET_CHECK(pickles || !has_ending(zip, inner), name, ": a zip archive with a checkpoint in it; unpack it first");
}

void refuse_url(const std::string& path) {
  for (const char* scheme : {"http://", "https://", "ftp://", "s3://", "gs://", "hf://"})
    if (path.starts_with(scheme))
      fail(printable(path), ": this is a URL, expected a file; download it first: curl -LO '", printable(path), "'");
}

Format format_of(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  if (text.starts_with("PK\x03\x04")) return Format::zip;
  if (text.starts_with(kLegacyMagic)) return Format::legacy_pth;
  if (text.size() > 8 && text[8] == '{') return Format::safetensors;
  return Format::other;
}

bool is_onnx(Bytes bytes) {
  constexpr int kLargestVersion = 64;
  constexpr std::string_view kNextFields = "\x12\x1a\x22\x28\x32\x3a\x42";  // producer_name to opset_import
  const std::string_view text = as_text(bytes);
  return text.size() > 2 && text[0] == '\x08' && text[1] > 0 && text[1] < kLargestVersion &&
         kNextFields.find(text[2]) != text.npos;
}

void refuse_format(Bytes bytes, std::string_view name) {
  std::string_view text = as_text(bytes);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // byte order mark of a text file
  if (const size_t start = text.find_first_not_of(" \t\r\n"); start != text.npos && start < 64) text.remove_prefix(start);
  if (is_onnx(bytes))
    fail(name, ": expected a checkpoint, but it looks like an ONNX model; save the PyTorch model that it was exported from: ",
         "torch.save(model.state_dict(), 'weights.pth')");
  for (const Lookalike& like : kLookalikes)
    if (matches(text, like)) fail(name, ": expected a checkpoint, but it looks like ", like.what);
  fail(name, ": expected a checkpoint (.pth or .safetensors), but it begins with ", quoted(text.substr(0, 16)));
}

}  // namespace octet::loaders
