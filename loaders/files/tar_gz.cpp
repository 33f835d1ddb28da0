#include "loaders/files/tar_gz.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "loaders/files/file.h"
#include "loaders/files/gzip_reader.h"
#include "tensor/error.h"

namespace octet::loaders {
namespace {

constexpr size_t kBlock = 512;
constexpr uint64_t kMaxExtendedHeader = uint64_t{1} << 20;  // a long name or pax records

/// A field of the ustar header: offset and length.
struct Field {
  size_t offset, length;
};
constexpr Field kName{0, 100}, kSize{124, 12}, kChecksum{148, 8}, kType{156, 1}, kMagic{257, 5}, kPrefix{345, 155};

class TarReader {
 public:
  TarReader(const File& file, const TarHandlers& handlers)
      : name_(file.name()), gzip_(file.bytes(), file.name(), kMaxArchiveBytes), handlers_(handlers) {}

  std::vector<std::string> read() {
    bool ended = false;
    while (!ended && next_block()) {
      ended = std::ranges::all_of(block_, [](uint8_t b) { return b == 0; });
      if (!ended) member();
    }
    if (!ended) warnings_.push_back(name_ + ": the archive has no end marker; it may lack files at its end");
    while (gzip_.read(block_) == kBlock) {  // to the gzip trailer, which is checked there
    }
    if (gzip_.junk()) warnings_.push_back(name_ + ": bytes after the end of the gzip stream are ignored");
    return std::move(warnings_);
  }

 private:
  template <class... Parts>
  void check(bool holds, const Parts&... problem) const {
    if (!holds) fail(name_, ": tar: ", str(problem...), " (inflated byte ", gzip_.total(), "); replace the archive");
  }

  bool next_block() {
    const size_t got = gzip_.read(block_);
    check(got == 0 || got == kBlock, "cut off inside a header");
    return got == kBlock;
  }

  std::string_view text(Field f) const {
    const std::string_view whole(reinterpret_cast<const char*>(block_.data()) + f.offset, f.length);
    return whole.substr(0, whole.find('\0'));
  }

  uint64_t octal(Field f) const {
    std::string_view digits = text(f);
    digits.remove_prefix(std::min(digits.find_first_not_of(' '), digits.size()));
    digits = digits.substr(0, digits.find(' '));
    return digits.empty() ? 0 : number(digits, 8);
  }

  uint64_t number(std::string_view digits, int base) const {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    check(error == std::errc() && end == digits.data() + digits.size(), "not a number: ", loaders::quoted(digits));
    return value;
  }

  /// Octal digits, or GNU's base 256 for large numbers: the first bit set, then big-endian two's complement.
  uint64_t size_field() const {
    if (!(block_[kSize.offset] & 0x80)) return octal(kSize);
    check(block_[kSize.offset] == 0x80, "a negative or impossible member size");
    uint64_t value = 0;
    for (size_t i = 1; i < kSize.length; ++i) {
      check(value >> 55 == 0, "a member size beyond 2^63");
      value = value << 8 | block_[kSize.offset + i];
    }
    return value;
  }

  void check_checksum() const {
    // The sum of the header's bytes with the checksum field as spaces; some old writers summed signed bytes.
    int64_t plain = 0, with_sign = 0;
    for (size_t i = 0; i < kBlock; ++i) {
      const bool own = i >= kChecksum.offset && i < kChecksum.offset + kChecksum.length;
      const uint8_t b = own ? uint8_t{' '} : block_[i];
      plain += b;
      with_sign += static_cast<int8_t>(b);
    }
    const auto stored = static_cast<int64_t>(octal(kChecksum));
    check(stored == plain || stored == with_sign, "wrong header checksum, or not a tar archive");
  }

  void member() {
    check_checksum();
    check(++members_ <= kMaxMembers, "more than ", kMaxMembers, " members");
    const char type = static_cast<char>(block_[kType.offset]);
    uint64_t size = size_field();
    if (type == 'L' || type == 'K' || type == 'x' || type == 'g') return extended_header(type, size);
    std::string name = next_.name ? *next_.name : all_.name ? *all_.name : header_name();
    if (next_.size || all_.size) size = next_.size ? *next_.size : *all_.size;
    next_ = {};
    const bool file = (type == '0' || type == '\0' || type == '7') && !name.ends_with('/');
    const bool folder = type == '5' || (type == '\0' && name.ends_with('/'));
    const bool link = type == '1' || type == '2';
    check(file || folder || link, "member ", loaders::quoted(name), " is a device or of an unknown type ('",
          printable({&type, 1}), "'), expected files and folders");
    if (link) size = 0;  // no data follows a link, whatever its size says
    if (has_odd_byte(name)) {
      leave_out(name, "a control character or backslash in its name");
      return skip(size);
    }
    name = checked_name(std::move(name));
    if (link) {
      remember_file(name);
      return leave_out(name, type == '1' ? "a hard link" : "a symbolic link");
    }
    if (folder) {
      skip(size);
      remember_folder(name);
      if (handlers_.folder && !name.empty()) handlers_.folder(name);
      return;
    }
    remember_file(name);
    check(size <= kMaxMemberBytes, "member ", loaders::quoted(name), " has ", size, " bytes, at most ", kMaxMemberBytes,
          " are read");
    if (handlers_.wanted(name))
      handlers_.take(std::move(name), data(size));
    else
      skip(size);
  }

  void leave_out(const std::string& name, const char* reason) {
    warnings_.push_back(name_ + ": left out " + loaders::quoted(name) + ": " + reason);
  }

  std::string header_name() const {
    std::string name(text(kName));
    if (text(kMagic) == "ustar" && block_[kMagic.offset + kMagic.length] == 0 && !text(kPrefix).empty())
      name = std::string(text(kPrefix)) + "/" + name;
    return name;
  }

  /// What macOS calls Icon\r, for one.
  static bool has_odd_byte(const std::string& name) {
    return std::ranges::any_of(name, [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f || c == '\\'; });
  }

  // 'L': the next member's name (GNU). 'K': what the next link names, which nobody follows. 'x': records "LENGTH key=value\n" about
  // the next member (pax). 'g': about all from here on, as git archive writes them.
  void extended_header(char type, uint64_t size) {
    check(size <= kMaxExtendedHeader, "an extended header of ", size, " bytes");
    const std::vector<uint8_t> bytes = data(size);
    std::string_view left(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (type == 'L') next_.name = left.substr(0, left.find('\0'));
    if (type == 'L' || type == 'K') return;
    while (!left.empty()) {
      const size_t space = left.find(' ');
      check(space != left.npos, "a pax record without a length");
      const uint64_t length = number(left.substr(0, space), 10);
      check(length > space + 1 && length <= left.size() && left[length - 1] == '\n', "a pax record of the wrong length");
      pax_record(left.substr(space + 1, length - space - 2), type == 'g' ? all_ : next_);
      left.remove_prefix(length);
    }
  }

  struct Extended {
    std::optional<std::string> name;
    std::optional<uint64_t> size;
  };

  void pax_record(std::string_view record, Extended& about) {
    const size_t equals = record.find('=');
    check(equals != record.npos, "a pax record without '='");
    const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
    check(!key.starts_with("GNU.sparse"), "a sparse file, expected plain files");
    if (key == "path") about.name = value;
    if (key == "size") about.size = number(value, 10);
  }

  /// The name without "." components and trailing slashes; "" for the archive's top folder.
  std::string checked_name(std::string name) const {
    check(!name.empty() && name.size() <= kMaxMemberName, "a member name of ", name.size(), " bytes");
    check(name.front() != '/', "member ", loaders::quoted(name), " has an absolute name");
    std::string clean;
    for (std::string_view left = name; !left.empty();) {
      const std::string_view component = left.substr(0, left.find('/'));
      left.remove_prefix(std::min(component.size() + 1, left.size()));
      if (component.empty() || component == ".") continue;
      check(component != "..", "member ", loaders::quoted(name), " has '..' in its name");
      check(component.size() <= kMaxNameComponent, "member ", loaders::quoted(name), " has a name that is too long");
      clean += clean.empty() ? "" : "/";
      clean += component;
    }
    return clean;
  }

  void remember_folder(const std::string& name) {
    check(!files_.contains(name), "member ", loaders::quoted(name), " is both a file and a folder");
    for (size_t slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1))
      remember_parent(name.substr(0, slash));
    if (!name.empty()) folders_.insert(name);
  }
  void remember_file(const std::string& name) {
    check(!name.empty(), "a file without a name");
    check(files_.insert(name).second, "two members are called ", loaders::quoted(name));
    check(!folders_.contains(name), "member ", loaders::quoted(name), " is both a file and a folder");
    for (size_t slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1))
      remember_parent(name.substr(0, slash));
  }
  void remember_parent(std::string name) {
    check(!files_.contains(name), "member ", loaders::quoted(name), " is both a file and a folder");
    folders_.insert(std::move(name));
  }

  /// A member's data, allocated as it arrives: the size is only a claim.
  std::vector<uint8_t> data(uint64_t size) {
    constexpr uint64_t kPiece = uint64_t{1} << 20;
    std::vector<uint8_t> bytes;
    while (bytes.size() < size) {
      const size_t begin = bytes.size();
      bytes.resize(begin + std::min(kPiece, size - begin));
      check(gzip_.read(std::span(bytes).subspan(begin)) == bytes.size() - begin, "cut off inside a member of ", size, " bytes");
    }
    skip_padding(size);
    return bytes;
  }
  void skip(uint64_t size) {
    std::array<uint8_t, 1 << 16> scratch;
    for (uint64_t left = size; left > 0;) {
      const auto piece = std::span(scratch).first(std::min<uint64_t>(left, scratch.size()));
      check(gzip_.read(piece) == piece.size(), "cut off inside a member of ", size, " bytes");
      left -= piece.size();
    }
    skip_padding(size);
  }
  void skip_padding(uint64_t size) {
    const size_t padding = (kBlock - size % kBlock) % kBlock;
    check(gzip_.read(std::span(block_).first(padding)) == padding, "cut off after a member of ", size, " bytes");
  }

  std::string name_;
  GzipReader gzip_;
  const TarHandlers& handlers_;
  std::array<uint8_t, kBlock> block_{};
  Extended next_, all_;
  std::unordered_set<std::string> files_, folders_;
  uint64_t members_ = 0;
  std::vector<std::string> warnings_;
};

}  // namespace

namespace {

/// By its first bytes: what an archive is that is no .tar.gz, and how it becomes one.
struct OtherArchive {
  size_t offset;
  std::string_view bytes, kind, unpack;
};
constexpr std::array kOtherArchives = {
    OtherArchive{0, "\xfd\x37zXZ", "an xz archive", "tar xJf"},
    OtherArchive{0, "BZh", "a bzip2 archive", "tar xjf"},
    OtherArchive{0, "PK\x03\x04", "a zip archive", "unzip"},
    OtherArchive{0, "\x28\xb5\x2f\xfd", "a Zstandard archive", "tar --zstd -xf"},
    OtherArchive{0, "\x04\x22\x4d\x18", "an lz4 archive", "tar -I lz4 -xf"},
    OtherArchive{0, "7z\xbc\xaf", "a 7-Zip archive", "7z x"},
    OtherArchive{0, "Rar!", "a RAR archive", "unrar x"},
    OtherArchive{257, "ustar", "a tar archive without compression", "tar xf"},
};

void refuse_other_kinds(const File& file) {
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  for (const OtherArchive& a : kOtherArchives)
    OCTET_CHECK(text.size() < a.offset || !text.substr(a.offset).starts_with(a.bytes), file.name(), ": this is ", a.kind,
                ", expected a .tar.gz (.tgz) archive or a folder; unpack it (", a.unpack, ") and give the folder");
}

}  // namespace

std::vector<std::string> read_tar_gz(const std::string& path, const TarHandlers& handlers) {
  const File file(path);
  refuse_other_kinds(file);
  return TarReader(file, handlers).read();
}

}  // namespace octet::loaders
