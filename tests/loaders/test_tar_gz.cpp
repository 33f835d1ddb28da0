// read_tar_gz: what it hands out, and the archives that it refuses.
#include "loaders/files/tar_gz.h"

#include <map>

#include "golden_image.h"
#include "tar_builder.h"
#include "tests/support/temporary_folder.h"

namespace octet::loaders {
namespace {

struct Contents {
  std::map<std::string, std::string> files;
  std::vector<std::string> folders, warnings;
};

Contents read(const FileBytes& archive, const std::string& unwanted = "none") {
  const test::TemporaryFolder folder;
  write_bytes(folder / "a.tgz", archive);
  Contents c;
  c.warnings = read_tar_gz(folder / "a.tgz", {.wanted = [&](const std::string& name) { return name != unwanted; },
                                              .take =
                                                  [&](const std::string& name, FileBytes bytes) {
                                                    c.files[name] = {bytes.begin(), bytes.end()};
                                                  },
                                              .folder = [&](const std::string& name) { c.folders.push_back(name); }});
  return c;
}

void expect_refused_archive(const FileBytes& archive, const std::string& part) {
  EXPECT_TRUE(test::fails_with([&] { read(archive); }, {"a.tgz: ", part}));
}

TEST(TarGz, HandsOutFilesAndFolders) {
  const Contents c =
      read(TarBuilder().folder("./top").add("./top/a", "hello").add("top/b", std::string(1500, 'x')).add("empty", "").tar_gz());
  EXPECT_EQ(c.files.size(), 3u);
  EXPECT_EQ(c.files.at("top/a"), "hello");
  EXPECT_EQ(c.files.at("top/b").size(), 1500u);
  EXPECT_EQ(c.folders, std::vector<std::string>{"top"});
  EXPECT_TRUE(c.warnings.empty());
}

TEST(TarGz, PassesOverWhatIsNotWanted) {
  const Contents c = read(TarBuilder().add("a", std::string(200'000, 'x')).add("b", "1").tar_gz(), "a");
  EXPECT_EQ(c.files.size(), 1u);
}

TEST(TarGz, LongNames) {
  const std::string name = "folder/" + std::string(150, 'n');
  EXPECT_EQ(read(TarBuilder().add("././@LongLink", name + '\0', 'L').add("short", "1").tar_gz()).files.begin()->first, name);
  const std::string record = " path=" + name + "\n", pax = str(record.size() + 3) + record;
  EXPECT_EQ(read(TarBuilder().add("pax", pax, 'x').add("short", "1").tar_gz()).files.begin()->first, name);
}

TEST(TarGz, ThePrefixFieldIsPartOfTheName) {
  TarBuilder tar;
  tar.add("name", "1");
  std::string& raw = tar.raw();
  raw.replace(345, 6, "prefix");
  raw.replace(148, 8, 8, ' ');
  unsigned sum = 0;
  for (size_t i = 0; i < 512; ++i) sum += static_cast<uint8_t>(raw[i]);
  std::snprintf(&raw[148], 8, "%06o", sum);
  EXPECT_EQ(read(tar.tar_gz()).files.count("prefix/name"), 1u);
}

TEST(TarGz, SeveralGzipMembersAndPaddingAreOneStream) {
  const std::string tar = TarBuilder().add("a", "hello").tar();
  FileBytes archive = gzip(tar.substr(0, 700)), second = gzip(tar.substr(700));
  archive.insert(archive.end(), second.begin(), second.end());
  archive.insert(archive.end(), 100, 0);
  const Contents c = read(archive);
  EXPECT_EQ(c.files.at("a"), "hello");
  EXPECT_TRUE(c.warnings.empty());
}

TEST(TarGz, HarmlessFaultsAreWarnings) {
  FileBytes archive = TarBuilder().add("a", "hello").tar_gz();
  archive.push_back('x');
  EXPECT_THAT(read(archive).warnings, testing::ElementsAre(testing::HasSubstr("after the end of the gzip stream")));
  TarBuilder no_end;
  no_end.add("a", "hello");
  EXPECT_THAT(read(gzip(no_end.raw())).warnings, testing::ElementsAre(testing::HasSubstr("no end marker")));
}

TEST(TarGz, DamagedGzip) {
  FileBytes archive = TarBuilder().add("a", std::string(5000, 'x')).tar_gz();
  const FileBytes half(archive.begin(), archive.begin() + static_cast<std::ptrdiff_t>(archive.size() / 2));
  const FileBytes no_trailer(archive.begin(), archive.end() - 8), most(archive.begin(), archive.end() - 3);
  for (const FileBytes& cut : {half, no_trailer, most}) expect_refused_archive(cut, "cut off: the gzip stream does not end");
  FileBytes wrong_crc = archive, wrong_size = archive;
  wrong_crc[archive.size() - 8] ^= 1;
  wrong_size[archive.size() - 4] ^= 1;
  expect_refused_archive(wrong_crc, "incorrect data check");
  expect_refused_archive(wrong_size, "incorrect length check");
  expect_refused_archive({'h', 'i'}, "not a gzip file");
  expect_refused_archive({}, "empty file");
}

TEST(TarGz, NotATar) {
  expect_refused_archive(gzip(std::string(2000, 'x')), "not a number");
  expect_refused_archive(gzip("short"), "cut off inside a header");
  TarBuilder tar;
  tar.add("name", "hello").raw()[0] = 'N';
  expect_refused_archive(tar.tar_gz(), "wrong header checksum");
}

TEST(TarGz, NamesThatLeaveTheFolder) {
  expect_refused_archive(TarBuilder().add("../evil", "1").tar_gz(), "has '..' in its name");
  expect_refused_archive(TarBuilder().add("a/../../evil", "1").tar_gz(), "has '..' in its name");
  expect_refused_archive(TarBuilder().add("/etc/evil", "1").tar_gz(), "absolute name");
  expect_refused_archive(TarBuilder().add("", "1").tar_gz(), "name of 0 bytes");
  const std::string longest(256, 'n');
  expect_refused_archive(TarBuilder().add("L", longest, 'L').add("x", "1").tar_gz(), "name that is too long");
  EXPECT_NO_THROW(read(TarBuilder().add("a..b/..c", "1").tar_gz()));
}

TEST(TarGz, OddNamesAreLeftOutAndNamed) {
  for (const std::string name : {"top/Icon\r", "a\\b", "a\nb"}) {
    const Contents c = read(TarBuilder().add(name, std::string(700, 'x')).add("top/a", "1").tar_gz());
    EXPECT_EQ(c.files.size(), 1u);
    EXPECT_EQ(c.files.at("top/a"), "1");
    EXPECT_THAT(c.warnings, testing::ElementsAre(testing::HasSubstr("left out " + quoted(name))));
  }
}

TEST(TarGz, GlobalPaxRecords) {
  // As git archive begins: a comment about all members; and a name for all, which a member's own record overrules.
  const std::string comment = "14 comment=ab\n";
  EXPECT_EQ(read(TarBuilder().add("pax_global_header", comment, 'g').add("a", "1").add("b", "2").tar_gz()).files.size(), 2u);
  const Contents c =
      read(TarBuilder().add("g", "12 path=all\n", 'g').add("x", "12 path=own\n", 'x').add("a", "1").add("b", "2").tar_gz());
  EXPECT_EQ(c.files.at("own"), "1");
  EXPECT_EQ(c.files.at("all"), "2");
}

TEST(TarGz, OtherArchivesAreNamed) {
  const auto named = [](std::string begin, const std::string& kind) {
    begin.resize(600, 'x');
    expect_refused_archive({begin.begin(), begin.end()}, "this is " + kind);
  };
  named("\xfd\x37zXZ", "an xz archive");
  named("BZh91", "a bzip2 archive");
  named("PK\x03\x04", "a zip archive");
  named("\x28\xb5\x2f\xfd", "a Zstandard archive");
  const std::string tar = TarBuilder().add("a", "1").tar();
  expect_refused_archive({tar.begin(), tar.end()}, "this is a tar archive without compression");
}

TEST(TarGz, LinksAreLeftOutAndNamed) {
  const Contents c = read(TarBuilder()
                              .add("top/a", "1")
                              .add("top/hard", "", '1', "00000000001")  // some writers give the size of the file that it names
                              .add("././@LongLink", std::string(150, 'n') + '\0', 'K')
                              .add("./top/soft", "", '2')
                              .add("top/b", "2")
                              .tar_gz());
  EXPECT_EQ(c.files, (std::map<std::string, std::string>{{"top/a", "1"}, {"top/b", "2"}}));
  EXPECT_THAT(c.warnings, testing::ElementsAre(testing::HasSubstr("a.tgz: left out 'top/hard': a hard link"),
                                               testing::HasSubstr("a.tgz: left out 'top/soft': a symbolic link")));
}

TEST(TarGz, LinksThatAreNoAccident) {
  for (char type : {'1', '2'}) {
    expect_refused_archive(TarBuilder().add("../evil", "", type).tar_gz(), "has '..' in its name");
    expect_refused_archive(TarBuilder().add("/etc/evil", "", type).tar_gz(), "absolute name");
    expect_refused_archive(TarBuilder().add("a", "", type).add("a/passwd", "1").tar_gz(), "both a file and a folder");
    expect_refused_archive(TarBuilder().add("a", "", type).add("a", "1").tar_gz(), "two members are called 'a'");
  }
}

TEST(TarGz, OnlyFilesAndFolders) {
  for (char type : {'3', '4', '6', 'S', 'V'})
    expect_refused_archive(TarBuilder().add("odd", "", type).tar_gz(), "is a device or of an unknown type");
  expect_refused_archive(TarBuilder().add("pax", "22 GNU.sparse.major=1\n", 'x').add("a", "1").tar_gz(), "sparse");
}

TEST(TarGz, ANameOnlyOnce) {
  expect_refused_archive(TarBuilder().add("a", "1").add("./a", "2").tar_gz(), "two members are called 'a'");
  expect_refused_archive(TarBuilder().add("a", "1").add("a/b", "2").tar_gz(), "both a file and a folder");
  expect_refused_archive(TarBuilder().add("a/b", "1").add("a", "2").tar_gz(), "both a file and a folder");
  EXPECT_NO_THROW(read(TarBuilder().folder("a").folder("a").add("a/b", "1").tar_gz()));
}

TEST(TarGz, SizesAreNotBelieved) {
  expect_refused_archive(TarBuilder().add("a", "1", '0', "77777777777").tar_gz(), "at most 67108864 are read");
  expect_refused_archive(TarBuilder().add("a", "1", '0', "00300000000").tar_gz(), "cut off inside a member");  // 48 MiB
  expect_refused_archive(TarBuilder().add("a", "1", '0', "\x80" + std::string(3, '\0') + std::string(8, '\x7f')).tar_gz(),
                         "at most");
  expect_refused_archive(TarBuilder().add("a", "1", '0', std::string(12, '\xff')).tar_gz(), "negative");
  expect_refused_archive(TarBuilder().add("a", "1", '0', "12x").tar_gz(), "not a number: '12x'");
}

TEST(TarGz, BrokenPaxRecords) {
  for (const std::string record : {"99 path=x\n", "9 path=xx", "path=x\n", "0 a=b\n", "8 pathx\n"})
    expect_refused_archive(TarBuilder().add("pax", record, 'x').add("a", "1").tar_gz(), "tar: ");
}

TEST(TarGz, Bombs) {
  // 80 MiB of zeros in one member, and more members than anyone has.
  expect_refused_archive(TarBuilder().add("zeros", std::string(80 << 20, '\0')).tar_gz(), "at most 67108864 are read");
  TarBuilder one;
  one.folder("f");
  std::string many;
  for (uint64_t i = 0; i <= kMaxMembers; ++i) many += one.raw();
  expect_refused_archive(gzip(many), "more than 200000 members");
}

TEST(TarGz, EveryByteFlipped) {
  const FileBytes whole = TarBuilder().folder("top").add("top/a", "hello").tar_gz();
  for (size_t i = 0; i < whole.size(); ++i) {
    FileBytes bytes = whole;
    bytes[i] ^= 0xff;
    try {
      read(bytes);
    } catch (const Error&) {  // that is the other right answer
    }
  }
}

TEST(TarGz, EveryHeaderByteFlipped) {
  TarBuilder tar;
  tar.folder("top").add("top/a", "hello");
  for (size_t i = 0; i < tar.raw().size(); ++i) {
    std::string bytes = tar.tar();
    bytes[i] = static_cast<char>(bytes[i] ^ 0x81);
    try {
      read(gzip(bytes));
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace octet::loaders
