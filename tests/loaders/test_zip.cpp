// Zip: what it reads, and the archives that it refuses.
#include "loaders/files/zip.h"

#include "builders.h"
#include "loaders/files/limits.h"

namespace octet::loaders {
namespace {

using namespace build;
using test::fails_with;

Bytes view(const std::string& s) { return std::as_bytes(std::span(s)); }

/// All members, read.
std::vector<Member> read_all(const std::string& archive) {
  const Zip zip(view(archive), "a.zip");
  std::vector<Member> members;
  for (const ZipEntry& e : zip.entries()) members.push_back({e.name, std::string(as_text(zip.read(e).bytes)), e.method == 8});
  return members;
}

::testing::AssertionResult refused(const std::string& archive, std::vector<std::string> parts) {
  parts.push_back("a.zip: ");
  return fails_with([&] { read_all(archive); }, parts);
}

const std::vector<Member> kMembers = {{"m/a", "stored"}, {"m/b", std::string(1000, 'x'), true}, {"m/empty", ""}};

TEST(Zip, ReadsStoredAndDeflated) {
  for (bool zip64 : {false, true}) {
    const auto members = read_all(zip(kMembers, zip64));
    ASSERT_EQ(members.size(), 3u);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(members[i].name, kMembers[i].name);
      EXPECT_EQ(members[i].data, kMembers[i].data);
    }
  }
}

TEST(Zip, FindsByName) {
  const std::string archive = zip(kMembers);
  const Zip zip(view(archive), "a.zip");
  ASSERT_NE(zip.find("m/b"), nullptr);
  EXPECT_EQ(zip.find("m/b")->size, 1000u);
  EXPECT_EQ(zip.find("m/c"), nullptr);
}

TEST(Zip, DeflatedEmptyEntry) { EXPECT_EQ(read_all(zip({{"a", "", true}}))[0].data, ""); }

TEST(Zip, SizesOnlyInTheDirectory) {  // as torch writes them: flag 3, zeros in the local header
  std::string archive = patched<uint16_t>(zip({{"a", "data"}}), kLocalFlags, 0x0808);
  archive = patched<uint16_t>(archive, central(archive) + kFlags, 0x0808);
  archive = patched<uint32_t>(archive, kLocalCrc, 0);
  archive = patched<uint64_t>(archive, kLocalCrc + 4, 0);
  EXPECT_EQ(read_all(archive)[0].data, "data");
}

TEST(Zip, TooShort) { EXPECT_TRUE(refused("PK\x03\x04", {"too short to be a zip", "4 bytes"})); }

TEST(Zip, Truncated) {
  const std::string archive = zip(kMembers);
  EXPECT_TRUE(refused(archive.substr(0, archive.size() / 2), {"truncated", "interrupted"}));
  EXPECT_TRUE(refused(archive.substr(0, archive.size() - 10), {"truncated", "interrupted"}));
}

TEST(Zip, FlippedByteIsACrcMismatch) {
  for (bool deflated : {false, true}) {
    std::string archive = zip({{"m/a", "some stored text", deflated}});
    archive[kLocalName + 3 + 5] ^= 4;
    EXPECT_TRUE(refused(archive, {"m/a", deflated ? "damaged" : "CRC mismatch"}));
  }
}

TEST(Zip, DuplicateEntry) { EXPECT_TRUE(refused(zip({{"m/a", "1"}, {"m/a", "2"}}), {"duplicate entry 'm/a'"})); }

TEST(Zip, UnsafeNames) {
  for (const std::string& name :
       {std::string("/etc/x"), std::string("a/../../x"), std::string(".."), std::string("a/./b"), std::string("a//b"),
        std::string("a\\b"), std::string("a\0b", 3), std::string("\xff"), std::string()})
    EXPECT_TRUE(refused(zip({{name, "1"}}), {"unsafe name"})) << printable(name);
  EXPECT_TRUE(refused(zip({{std::string(kMaxZipName + 1, 'n'), "1"}}), {"name of 4097 bytes"}));
}

TEST(Zip, FolderEntries) {
  EXPECT_EQ(read_all(zip({{"m/", ""}, {"m/a", "1"}})).size(), 2u);
  EXPECT_TRUE(refused(zip({{"m/", "contents"}}), {"folder with contents"}));
}

TEST(Zip, BytesBeforeTheFirstEntry) {
  EXPECT_TRUE(refused("junk" + zip(kMembers, false), {"does not end at the end record"}));
  // The same with the offset of the directory corrected.
  std::string archive = "junk" + zip({{"a", "1"}}, false);
  archive = patched<uint32_t>(archive, central(archive) + kOffset, 4);
  archive = patched(archive, archive.size() - 6, static_cast<uint32_t>(central(archive)));
  EXPECT_TRUE(refused(archive, {"bytes before the first entry"}));
}

TEST(Zip, DeflateBombIsRefusedUnread) {
  const std::string zeros(65 << 20, '\0');
  const std::string archive = zip({{"m/bomb", zeros, true}});
  EXPECT_LT(archive.size(), 100'000u);
  EXPECT_TRUE(refused(archive, {"m/bomb", "would expand to more than 67108864 bytes"}));
}

TEST(Zip, DeflatedDataOfAnotherSize) {
  for (uint32_t size : {999u, 1001u}) {
    std::string archive = zip({{"a", std::string(1000, 'x'), true}}, false);
    archive = patched(archive, kLocalSize, size);
    archive = patched(archive, central(archive) + kSize, size);
    EXPECT_TRUE(refused(archive, {"does not decompress to its"}));
  }
}

TEST(Zip, OverlappingEntries) {
  std::string archive = zip({{"a", "1"}, {"a", "1"}}, false);
  // Both entries of the directory name the first local header.
  archive = patched<uint32_t>(archive, central(archive, 1) + kOffset, 0);
  EXPECT_TRUE(refused(archive, {"duplicate"}));
  std::string nested = zip({{"a", zip({{"b", "1"}}, false)}, {"c", "2"}}, false);
  const size_t second = central(nested, 2);  // the nested archive has a directory too
  nested = patched<uint32_t>(nested, second + kOffset, kLocalName + 1);
  nested[second + kName] = 'b';
  EXPECT_TRUE(refused(nested, {"'c'"}) || refused(nested, {"overlaps"}) || refused(nested, {"'b'"}));
}

TEST(Zip, HeadersThatContradictEachOther) {
  const std::string archive = zip({{"a", "data"}}, false);
  const size_t c = central(archive);
  EXPECT_TRUE(refused(patched(archive, kLocalName, 'b'), {"'a'", "another name"}));
  EXPECT_TRUE(refused(patched<uint32_t>(archive, kLocalSize, 3), {"another size"}));
  EXPECT_TRUE(refused(patched<uint32_t>(archive, kLocalCrc, 3), {"another CRC"}));
  EXPECT_TRUE(refused(patched<uint16_t>(archive, kLocalMethod, 8), {"contradict"}));
  EXPECT_TRUE(refused(patched<uint32_t>(archive, c + kSize, 3), {"sizes differ"}));
  EXPECT_TRUE(refused(patched<uint32_t>(archive, 0, 0), {"no local header"}));
}

TEST(Zip, EncryptionAndOtherMethods) {
  const std::string archive = zip({{"a", "data"}}, false);
  const size_t c = central(archive);
  EXPECT_TRUE(refused(patched<uint16_t>(archive, c + kFlags, 0x0801), {"encrypted"}));
  EXPECT_TRUE(refused(patched<uint16_t>(archive, c + kMethod, 12), {"compression method 12"}));
  EXPECT_TRUE(refused(patched<uint16_t>(archive, c + 34, 1), {"another disk"}));
}

TEST(Zip, OffsetsAndSizesBeyondTheFile) {
  const std::string archive = zip({{"a", "data"}}, false);
  const size_t c = central(archive);
  EXPECT_TRUE(refused(patched<uint32_t>(archive, c + kOffset, 0x7fffffff), {"outside the file"}));
  std::string huge = patched<uint32_t>(archive, c + kSize, 0x7fffffff);
  huge = patched<uint32_t>(huge, c + kCompressed, 0x7fffffff);
  EXPECT_TRUE(refused(huge, {"another size"}) || refused(huge, {"outside the file"}));
  EXPECT_TRUE(refused(patched<uint16_t>(archive, c + kNameSize, 0xffff), {"name of 65535 bytes"}));
  EXPECT_TRUE(refused(patched<uint16_t>(archive, c + kNameSize, 100), {"truncated"}));
}

TEST(Zip, Zip64Fields) {
  // size, compressed size and offset live in the extra field of the directory
  const auto archive = [](uint64_t size, uint64_t offset) {
    std::string a = zip({{"a", "data"}}, false);
    const size_t c = central(a);
    a = patched<uint32_t>(a, c + kCompressed, 0xffffffff);
    a = patched<uint32_t>(a, c + kSize, 0xffffffff);
    a = patched<uint32_t>(a, c + kOffset, 0xffffffff);
    a = patched<uint16_t>(a, c + 30, 28);
    a.insert(c + kName + 1, le<uint16_t>(1) + le<uint16_t>(24) + le(size) + le(size) + le(offset));
    const size_t end = a.size() - 22;
    return patched<uint32_t>(a, end + 12, static_cast<uint32_t>(end - c));
  };
  EXPECT_EQ(read_all(archive(4, 0))[0].data, "data");
  EXPECT_TRUE(refused(archive(4, uint64_t{1} << 63), {"outside the file"}));
  EXPECT_TRUE(refused(archive(4, ~uint64_t{0}), {"outside the file"}));
  EXPECT_TRUE(refused(archive(uint64_t{1} << 63, 0), {"another size"}));
}

TEST(Zip, Zip64EndRecord) {
  const std::string archive = zip({{"a", "data"}});
  const size_t end64 = archive.find("PK\x06\x06");
  for (uint64_t value : {uint64_t{1} << 63, ~uint64_t{0}, uint64_t{2}}) {
    EXPECT_TRUE(refused(patched(archive, end64 + 40, value), {"a.zip"})) << value;  // size
    EXPECT_TRUE(refused(patched(archive, end64 + 48, value), {"a.zip"})) << value;  // offset
    EXPECT_TRUE(refused(patched(archive, end64 + 32, value), {"a.zip"})) << value;  // entries
  }
  EXPECT_TRUE(refused(patched<uint64_t>(archive, archive.size() - 22 - 12, uint64_t{1} << 63), {"zip64"}));
  // The classic record saturated, the zip64 one with 2^32 - 1 entries.
  std::string many = patched(archive, archive.size() - 14, uint32_t{0xffffffff});
  many = patched<uint64_t>(many, end64 + 24, 0xffffffff);
  many = patched<uint64_t>(many, end64 + 32, 0xffffffff);
  EXPECT_TRUE(refused(many, {"4294967295 entries"}));
}

TEST(Zip, EntriesThatDoNotFitTheDirectory) {
  const std::string archive = zip({{"a", "data"}}, false);
  EXPECT_TRUE(refused(patched<uint32_t>(archive, archive.size() - 14, 0x00020002), {"2 entries do not fit"}));
  EXPECT_TRUE(refused(patched<uint32_t>(archive, archive.size() - 14, 0), {"bytes after the last entry"}));
}

TEST(Zip, CommentWithASecondEndRecord) {
  const std::string archive = zip({{"a", "data"}}, false), fake = zip({}, false);
  EXPECT_TRUE(refused(patched<uint16_t>(archive, archive.size() - 2, 22) + fake, {"does not end at the end record"}));
  EXPECT_TRUE(refused(patched<uint16_t>(archive, archive.size() - 2, 3) + "abc", {"comment after the end record"}));
}

TEST(Zip, SeveralDisks) {
  const std::string archive = zip({{"a", "data"}}, false);
  EXPECT_TRUE(refused(patched<uint16_t>(archive, archive.size() - 18, 1), {"several disks"}));
}

}  // namespace
}  // namespace octet::loaders
