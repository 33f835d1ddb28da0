// Bytes of files for tests: zip archives, pickles as compositions of strings, checkpoints made of both.
#pragma once

#include <zlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tensor/state_dict.h"
#include "tests/support/compare.h"
#include "tests/support/temporary_folder.h"

namespace octet::loaders {

using test::TemporaryFolder;

namespace build {

/// A number as its little-endian bytes.
template <class T>
std::string le(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
inline std::string floats(const std::vector<float>& values) {
  std::string bytes;
  for (float value : values) bytes += le(value);
  return bytes;
}
/// The bytes with a number written over them.
template <class T>
std::string patched(std::string bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
  return bytes;
}

inline void put(const std::filesystem::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }
inline std::string get(const std::filesystem::path& path) {
  std::stringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

/// Puts the bytes into a file of that name and calls f with its path.
template <class Function>
auto with_file(const std::string& bytes, const std::string& name, Function f) {
  const TemporaryFolder folder;
  put(folder / name, bytes);
  return f(folder / name);
}

// ---- zip

struct Member {
  std::string name, data;
  bool deflated = false;
};

inline std::string raw_deflate(const std::string& data) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// Where the fields of a header are, for patched().
inline constexpr size_t kLocalFlags = 6, kLocalMethod = 8, kLocalCrc = 14, kLocalSize = 22, kLocalName = 30;
inline constexpr size_t kFlags = 8, kMethod = 10, kCrc = 16, kCompressed = 20, kSize = 24, kNameSize = 28, kOffset = 42,
                        kName = 46;
/// Offset of the first (or n-th) header of the directory.
inline size_t central(const std::string& archive, int n = 0) {
  size_t at = archive.find("PK\x01\x02");
  while (n-- > 0) at = archive.find("PK\x01\x02", at + 4);
  return at;
}

/// An archive with the end records that torch writes (zip64 too), or only the classic one.
inline std::string zip(const std::vector<Member>& members, bool zip64 = true) {
  std::string out, directory;
  for (const Member& m : members) {
    const std::string data = m.deflated ? raw_deflate(m.data) : m.data;
    const auto crc =
        static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(m.data.data()), static_cast<uInt>(m.data.size())));
    const std::string common = le<uint16_t>(0x0800) + le<uint16_t>(m.deflated ? 8 : 0) + le<uint32_t>(0) + le(crc) +
                               le(static_cast<uint32_t>(data.size())) + le(static_cast<uint32_t>(m.data.size())) +
                               le(static_cast<uint16_t>(m.name.size()));
    directory += "PK\x01\x02" + le<uint32_t>(0) + common + le<uint16_t>(0) + le<uint16_t>(0) + le<uint16_t>(0) + le<uint16_t>(0) +
                 le<uint32_t>(0) + le(static_cast<uint32_t>(out.size())) + m.name;
    out += "PK\x03\x04" + le<uint16_t>(0) + common + le<uint16_t>(0) + m.name + data;
  }
  const uint64_t offset = out.size(), size = directory.size(), count = members.size();
  out += directory;
  if (zip64) {
    const uint64_t end64 = out.size();
    out += "PK\x06\x06" + le<uint64_t>(44) + le<uint32_t>(0x2d001e) + le<uint64_t>(0) + le(count) + le(count) + le(size) +
           le(offset);
    out += "PK\x06\x07" + le<uint32_t>(0) + le(end64) + le<uint32_t>(1);
  }
  out += "PK\x05\x06" + le<uint32_t>(0) + le(static_cast<uint16_t>(count)) + le(static_cast<uint16_t>(count)) +
         le(static_cast<uint32_t>(size)) + le(static_cast<uint32_t>(offset)) + le<uint16_t>(0);
  return out;
}

// ---- pickle: each function gives the opcodes that push one value

inline std::string text(const std::string& s) { return "X" + le(static_cast<uint32_t>(s.size())) + s; }
inline std::string number(int64_t n) {
  if (n >= INT32_MIN && n <= INT32_MAX) return "J" + le(static_cast<int32_t>(n));
  return "\x8a\x08" + le(n);
}
inline std::string real(double d) {
  std::string bytes = le(d);
  return "G" + std::string(bytes.rbegin(), bytes.rend());
}
inline std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += item;
  return out;
}
inline std::string tuple(const std::vector<std::string>& items) { return "(" + joined(items) + "t"; }
inline std::string list(const std::vector<std::string>& items) { return "](" + joined(items) + "e"; }
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string out = "}(";
  for (const auto& [key, value] : items) out += text(key) + value;
  return out + "u";
}
inline std::string global(const std::string& module, const std::string& name) { return "c" + module + "\n" + name + "\n"; }
inline std::string call(const std::string& callable, const std::string& arguments) { return callable + arguments + "R"; }
inline std::string numbers(const std::vector<int64_t>& values) {
  std::vector<std::string> items;
  for (int64_t value : values) items.push_back(number(value));
  return tuple(items);
}
inline std::string program(const std::string& value) { return "\x80\x02" + value + "."; }

inline const std::string kNone = "N", kFalse = "\x89";

/// A tensor as torch pickles it; by default float32 [4] over all of storage '0'.
struct TensorSpec {
  std::string type = "FloatStorage", key = "0";
  int64_t numel = 4, offset = 0;
  std::vector<int64_t> size = {4}, stride = {1};
};
inline std::string storage(const std::string& type, const std::string& key, int64_t numel) {
  return tuple({text("storage"), global("torch", type), text(key), text("cpu"), number(numel)}) + "Q";
}
inline std::string hooks() { return call(global("collections", "OrderedDict"), ")"); }
inline std::string tensor(const TensorSpec& t = {}) {
  return call(global("torch._utils", "_rebuild_tensor_v2"),
              tuple({storage(t.type, t.key, t.numel), number(t.offset), numbers(t.size), numbers(t.stride), kFalse, hooks()}));
}
inline std::string qtensor(const TensorSpec& t, const std::string& quantizer) {
  return call(
      global("torch._utils", "_rebuild_qtensor"),
      tuple({storage(t.type, t.key, t.numel), number(t.offset), numbers(t.size), numbers(t.stride), quantizer, kFalse, hooks()}));
}

// ---- checkpoints

inline const std::string kFour = floats({1, 2, 3, 4});

/// The records of a checkpoint with this object; storages by key.
inline std::vector<Member> records(const std::string& object, const std::vector<std::pair<std::string, std::string>>& storages) {
  std::vector<Member> members = {{"m/data.pkl", program(object)}, {"m/byteorder", "little"}};
  for (const auto& [key, data] : storages) members.push_back({"m/data/" + key, data});
  members.push_back({"m/version", "3\n"});
  return members;
}
inline std::string checkpoint(const std::string& object, const std::string& storage0 = kFour) {
  return zip(records(object, {{"0", storage0}}));
}

// ---- results

inline bool same(const StateDict& a, const StateDict& b) {
  const auto equal = [](const StateEntry& x, const StateEntry& y) {
    return x.key == y.key && test::bits_equal(x.tensor, y.tensor) && x.qparams.has_value() == y.qparams.has_value();
  };
  return std::equal(a.entries().begin(), a.entries().end(), b.entries().begin(), b.entries().end(), equal);
}

/// Loads every prefix of the bytes but the whole, and every variant with one bit changed. Errors are fine, and so is whatever
/// `accepts` finds acceptable; anything else, a crash included, fails the test.
template <class Load, class Accepts>
void expect_survives_damage(const std::string& bytes, Load load, Accepts accepts) {
  const TemporaryFolder folder;
  const std::string path = folder / "damaged";
  const auto try_load = [&](const std::string& damaged, const std::string& what) {
    put(path, damaged);
    try {
      EXPECT_TRUE(accepts(load(path))) << what;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
  };
  for (size_t size = 0; size < bytes.size(); ++size) {
    put(path, bytes.substr(0, size));
    EXPECT_THROW(load(path), Error) << "cut to " << size << " bytes";
  }
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    try_load(damaged, "bit " + std::to_string(bit % 8) + " of byte " + std::to_string(bit / 8));
  }
}

}  // namespace build
}  // namespace octet::loaders
