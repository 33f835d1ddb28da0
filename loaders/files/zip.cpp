#include "loaders/files/zip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "loaders/files/checksums.h"
#include "loaders/files/limits.h"

namespace octet::loaders {
namespace {

// Signatures and sizes of the records, without their variable parts.
constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50, kLocator = 0x07064b50;
constexpr uint64_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20;
// Flags: sizes follow the data; names are UTF-8; two bits of compression level. The others mean encryption or patches.
constexpr uint16_t kDescriptorFlag = 0x0008, kKnownFlags = 0x0808 | 0x0006;
constexpr uint16_t kMax16 = 0xffff;
constexpr uint32_t kMax32 = 0xffffffff;

bool is_safe_name(std::string_view name) {
  if (name.empty() || name.front() == '/' || !is_utf8(name)) return false;
  if (name.find('\\') != name.npos || name.find('\0') != name.npos) return false;
  if (name.ends_with('/')) name.remove_suffix(1);  // a folder
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace

Zip::Zip(Bytes archive, std::string name) : archive_(archive), name_(std::move(name)) {
  const Directory place = find_directory();
  OCTET_CHECK(place.entries <= kMaxZipEntries, name_, ": zip: ", place.entries, " entries, at most ", kMaxZipEntries);
  OCTET_CHECK(place.entries <= place.size / kCentralSize, name_, ": zip: ", place.entries, " entries do not fit a directory of ",
              place.size, " bytes");
  Cursor directory(archive_.subspan(place.offset, place.size), name_ + ": zip directory");
  uint64_t total = 0;
  entries_.reserve(place.entries);
  for (uint64_t i = 0; i < place.entries; ++i) {
    entries_.push_back(read_entry(directory));
    const ZipEntry& entry = entries_.back();
    OCTET_CHECK(entry.size <= expansion_limit(archive_.size()) - total, name_, ": zip: the entries up to ", quoted(entry.name),
                " would expand to more than ", expansion_limit(archive_.size()),
                " bytes, the cap for a file of this size; if it is genuine, save it again without compression");
    total += entry.size;
  }
  OCTET_CHECK(directory.left() == 0, name_, ": zip directory: ", directory.left(), " bytes after the last entry");
  for (size_t i = 0; i < entries_.size(); ++i)
    OCTET_CHECK(by_name_.emplace(entries_[i].name, i).second, name_, ": zip: duplicate entry ", quoted(entries_[i].name));
  check_layout(place);
}

// The file ends with: [zip64 end record, its locator,] end record. The directory must lie directly before them.
Zip::Directory Zip::find_directory() const {
  OCTET_CHECK(archive_.size() >= kEndSize, name_, ": too short to be a zip: ", archive_.size(), " bytes");
  const uint64_t end = archive_.size() - kEndSize;
  Cursor record(archive_.subspan(end), name_);
  if (record.read<uint32_t>("end record") != kEnd) {
    // A comment would let a second end record hide behind the first; torch writes none.
    const size_t tail = std::min<size_t>(archive_.size(), kEndSize + kMax16);
    const std::string_view whole_records = as_text(archive_.last(tail).first(tail - kEndSize + 4));
    const bool elsewhere = whole_records.find("PK\x05\x06") != std::string_view::npos;
    OCTET_CHECK(!elsewhere, name_, ": zip: bytes or a comment after the end record; not a file as torch.save writes it");
    fail(name_, ": truncated: zip end record not found; the download or save was interrupted");
  }
  const auto disk = record.read<uint16_t>(""), directory_disk = record.read<uint16_t>("");
  const auto entries_here = record.read<uint16_t>(""), entries = record.read<uint16_t>("");
  const auto size = record.read<uint32_t>(""), offset = record.read<uint32_t>("");
  const auto comment = record.read<uint16_t>("");
  OCTET_CHECK(disk == 0 && directory_disk == 0 && entries_here == entries, name_, ": zip: parts of an archive of several disks");
  OCTET_CHECK(comment == 0, name_, ": truncated: the zip end record announces a comment of ", comment, " bytes");
  Directory found{entries, size, offset, end};
  if (end >= kLocatorSize && load_le<uint32_t>(&archive_[end - kLocatorSize]) == kLocator) {
    Cursor locator(archive_.subspan(end - kLocatorSize + 4, kLocatorSize - 4), name_);
    const auto end_disk = locator.read<uint32_t>("");
    const auto place = locator.read<uint64_t>("");
    const auto disks = locator.read<uint32_t>("");
    OCTET_CHECK(end_disk == 0 && disks <= 1, name_, ": zip64: parts of an archive of several disks");
    OCTET_CHECK(end - kLocatorSize >= kEnd64Size && place == end - kLocatorSize - kEnd64Size, name_,
                ": zip64: end record announced at offset ", place, " of ", archive_.size(),
                ", expected directly before its locator");
    Cursor wide(archive_.subspan(place, kEnd64Size), name_);
    const bool is_record = wide.read<uint32_t>("") == kEnd64 && wide.read<uint64_t>("") == kEnd64Size - 12;
    OCTET_CHECK(is_record, name_, ": zip64: no end record at offset ", place);
    wide.take(4, "versions");
    const bool one_disk = wide.read<uint64_t>("disks") == 0;
    const auto wide_here = wide.read<uint64_t>("");
    found = {wide.read<uint64_t>(""), wide.read<uint64_t>(""), wide.read<uint64_t>(""), place};
    OCTET_CHECK(one_disk && wide_here == found.entries, name_, ": zip64: parts of an archive of several disks");
    const bool agree = (entries == kMax16 || entries == found.entries) && (size == kMax32 || size == found.size) &&
                       (offset == kMax32 || offset == found.offset);
    OCTET_CHECK(agree, name_, ": zip64: its two end records contradict each other");
  }
  OCTET_CHECK(inside(found.offset, found.size, found.end) && found.offset + found.size == found.end, name_,
              ": zip: directory of ", found.size, " bytes at offset ", found.offset, " does not end at the end record, at ",
              found.end, "; bytes were lost or added");
  return found;
}

ZipEntry Zip::read_entry(Cursor& directory) const {
  OCTET_CHECK(directory.read<uint32_t>("entry") == kCentral, name_, ": zip directory: no entry at its offset ",
              directory.offset() - 4);
  directory.take(4, "versions");
  const auto flags = directory.read<uint16_t>("flags");
  ZipEntry entry;
  entry.method = directory.read<uint16_t>("method");
  directory.take(4, "time");
  entry.crc = directory.read<uint32_t>("crc");
  entry.compressed_size = directory.read<uint32_t>("size");
  entry.size = directory.read<uint32_t>("size");
  const auto name_size = directory.read<uint16_t>("name"), extra_size = directory.read<uint16_t>("extra");
  const auto comment_size = directory.read<uint16_t>("comment"), disk = directory.read<uint16_t>("disk");
  directory.take(6, "attributes");
  entry.header_offset = directory.read<uint32_t>("offset");
  OCTET_CHECK(name_size <= kMaxZipName, name_, ": zip: entry name of ", name_size, " bytes, at most ", kMaxZipName);
  entry.name = as_text(directory.take(name_size, "name"));
  const std::string where = name_ + ": zip entry " + quoted(entry.name);
  OCTET_CHECK(is_safe_name(entry.name), where, ": unsafe name (absolute, '..', backslash, NUL or not UTF-8)");

  Cursor extra(directory.take(extra_size, "extra"), where);
  while (extra.left() > 0) {
    const auto id = extra.read<uint16_t>("extra field"), size = extra.read<uint16_t>("extra field");
    Cursor field(extra.take(size, "extra field"), where + ": zip64 field");
    if (id != 1) continue;  // 1: zip64, a 64-bit value for each one that is saturated, in this order
    for (uint64_t* value : {&entry.size, &entry.compressed_size, &entry.header_offset})
      if (*value == kMax32) *value = field.read<uint64_t>("64-bit value");
  }
  directory.take(comment_size, "comment");

  OCTET_CHECK((flags & ~kKnownFlags) == 0, where, ": encrypted or otherwise unsupported (flags ", flags, ")");
  OCTET_CHECK(entry.method == 0 || entry.method == 8, where, ": compression method ", entry.method,
              " is not supported, only stored (0) and deflated (8)");
  OCTET_CHECK(entry.method == 8 || entry.size == entry.compressed_size, where,
              ": stored, but its sizes differ: ", entry.compressed_size, " and ", entry.size);
  OCTET_CHECK(disk == 0, where, ": lies on another disk");
  OCTET_CHECK(!entry.name.ends_with('/') || entry.size == 0, where, ": a folder with contents");
  locate_data(entry, flags);
  return entry;
}

void Zip::locate_data(ZipEntry& entry, uint16_t flags) const {
  const uint64_t limit = archive_.size();
  const std::string where = name_ + ": zip entry " + quoted(entry.name);
  OCTET_CHECK(inside(entry.header_offset, kLocalSize, limit), where, ": offset ", entry.header_offset, " is outside the file of ",
              limit, " bytes");
  Cursor local(archive_.subspan(entry.header_offset, limit - entry.header_offset), where);
  OCTET_CHECK(local.read<uint32_t>("header") == kLocal, where, ": no local header at offset ", entry.header_offset);
  local.take(2, "version");
  const auto local_flags = local.read<uint16_t>("flags"), method = local.read<uint16_t>("method");
  local.take(4, "time");
  const auto crc = local.read<uint32_t>("crc");
  const auto compressed_size = local.read<uint32_t>("size"), size = local.read<uint32_t>("size");
  const auto name_size = local.read<uint16_t>("name"), extra_size = local.read<uint16_t>("extra");
  OCTET_CHECK(local_flags == flags && method == entry.method, where, ": local header and directory contradict each other");
  OCTET_CHECK(as_text(local.take(name_size, "name")) == entry.name, where, ": local header has another name");
  local.take(extra_size, "extra");
  const auto agrees = [&](uint64_t here, uint64_t there) { return here == there || (here == 0 && (flags & kDescriptorFlag)); };
  OCTET_CHECK(agrees(crc, entry.crc), where, ": local header has another CRC");
  OCTET_CHECK((compressed_size == kMax32 || agrees(compressed_size, entry.compressed_size)) &&
                  (size == kMax32 || agrees(size, entry.size)),
              where, ": local header has another size");
  OCTET_CHECK(entry.compressed_size <= local.left(), where, ": ", entry.compressed_size, " bytes at offset ",
              entry.header_offset + local.offset(), " are outside the file of ", limit, " bytes");
  entry.data_offset = entry.header_offset + local.offset();
}

// In file order: the first entry at 0, each one ending before the next begins, the last one before the directory.
void Zip::check_layout(const Directory& directory) const {
  std::vector<const ZipEntry*> order;
  for (const ZipEntry& entry : entries_) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->header_offset < b->header_offset; });
  OCTET_CHECK(order.empty() ? directory.offset == 0 : order.front()->header_offset == 0, name_,
              ": zip: bytes before the first entry; not a file as torch.save writes it");
  for (size_t i = 0; i < order.size(); ++i) {
    const uint64_t end = order[i]->data_offset + order[i]->compressed_size;
    const uint64_t next = i + 1 < order.size() ? order[i + 1]->header_offset : directory.offset;
    OCTET_CHECK(end <= next, name_, ": zip entry ", quoted(order[i]->name), " overlaps what follows it: it ends at ", end,
                ", the next part begins at ", next);
  }
}

const ZipEntry* Zip::find(std::string_view name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : &entries_[it->second];
}

Record Zip::read(const ZipEntry& entry) const {
  Record record = entry.method == 8 ? inflate(entry) : Record{archive_.subspan(entry.data_offset, entry.size), {}};
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(record.bytes.data()), record.bytes.size());
  OCTET_CHECK(crc == entry.crc || !kChecksumsCount, name_, ": ", entry.name,
              ": CRC mismatch: the file is damaged; download or save it again");
  return record;
}

Record Zip::inflate(const ZipEntry& entry) const {
  Record record;
  record.owner = Storage(entry.size);
  record.bytes = {record.owner.data(), entry.size};
  z_stream stream{};
  OCTET_CHECK(inflateInit2(&stream, -MAX_WBITS) == Z_OK, name_, ": zlib could not start");
  // zlib counts in 32 bits: hand it pieces.
  constexpr uint64_t kPiece = std::numeric_limits<uInt>::max();
  uint64_t in = entry.compressed_size, out = entry.size;
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(&archive_[entry.data_offset]));
  stream.next_out = reinterpret_cast<Bytef*>(record.owner.data());
  int status = Z_OK;
  while (status == Z_OK) {
    if (stream.avail_in == 0) in -= stream.avail_in = static_cast<uInt>(std::min(in, kPiece));
    if (stream.avail_out == 0) out -= stream.avail_out = static_cast<uInt>(std::min(out, kPiece));
    status = ::inflate(&stream, Z_NO_FLUSH);
  }
  inflateEnd(&stream);
  const bool exact = status == Z_STREAM_END && in + stream.avail_in == 0 && out + stream.avail_out == 0;
  OCTET_CHECK(exact, name_, ": ", entry.name, ": does not decompress to its ", entry.size, " bytes: the file is damaged");
  return record;
}

}  // namespace octet::loaders
