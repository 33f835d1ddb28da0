// A .tar.gz archive, read once from front to back.
//
// 512-byte headers (name, size, checksum, type), each followed by its data padded to 512: ustar, GNU long names and pax headers.
// Only the data of wanted members is kept; nothing is written to disk. Because archives come from strangers, only regular files
// and folders are read (devices and sparse files are refused), with relative names without "..", each once, within the caps. Left out
// and named are links, which nobody follows, and members with control characters in their names, such as macOS's Icon\r. Other
// compressions are refused by name.
// Counterpart: Python's tarfile.open(path, "r|gz") with the filter "data", which skips or repairs some of what is refused here.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace octet::loaders {

inline constexpr uint64_t kMaxArchiveBytes = uint64_t{8} << 30;  // inflated
inline constexpr uint64_t kMaxMemberBytes = uint64_t{64} << 20;
inline constexpr uint64_t kMaxMembers = 200'000;
inline constexpr size_t kMaxMemberName = 4096, kMaxNameComponent = 255;

struct TarHandlers {
  /// Is this file's data needed?
  std::function<bool(const std::string& name)> wanted;
  /// Takes a wanted file. Names have no leading "./".
  std::function<void(std::string name, std::vector<uint8_t> bytes)> take;
  /// Told of each folder member, when set.
  std::function<void(const std::string& name)> folder = {};
};

/// Returns warnings: things that are wrong but harmless, such as bytes after the end. Throws Error for the rest.
std::vector<std::string> read_tar_gz(const std::string& path, const TarHandlers& handlers);

}  // namespace octet::loaders
