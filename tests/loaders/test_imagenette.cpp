// Imagenette from a folder and from an archive: order, labels, subsets, and data sets that are not as they should be.
#include "loaders/datasets/imagenette.h"

#include <sys/stat.h>

#include "sample_folder.h"

namespace octet::loaders {
namespace {

std::vector<std::string> names(const Imagenette& data) {
  std::vector<std::string> all;
  for (size_t i = 0; i < data.size(); ++i) all.push_back(data.name(i));
  return all;
}

void expect_the_sample(const Imagenette& data) {
  EXPECT_EQ(data.classes(), (std::vector<std::string>{"n01440764", "n02102040"}));
  EXPECT_EQ(names(data), std::vector<std::string>(kSampleImages.begin() + 2, kSampleImages.end()));
  ASSERT_EQ(data.size(), 4u);
  EXPECT_EQ(data.label(1), 0);
  EXPECT_EQ(data.label(2), 1);
  for (size_t i = 0; i < data.size(); ++i) EXPECT_EQ(data.bytes(i), sample_bytes(data.name(i)));
}

class ImagenetteFolder : public testing::Test {
 protected:
  void SetUp() override { make_sample(folder_); }
  Imagenette open(const std::string& split = "val", ImagenetteOptions options = {}) const {
    return {folder_.string(), split, options};
  }
  void expect_refused(const std::string& part, const std::string& split = "val") const {
    EXPECT_TRUE(test::fails_with([&] { open(split); }, {folder_.string(), part}));
  }
  const TemporaryFolder folder_;
};

TEST_F(ImagenetteFolder, ReadsASplit) {
  expect_the_sample(open());
  EXPECT_EQ(open("train").size(), 2u);
}

TEST_F(ImagenetteFolder, ValAndValidAreOneName) {
  EXPECT_EQ(open("valid").size(), 4u);
  std::filesystem::rename(folder_ / "val", folder_ / "valid");
  EXPECT_EQ(open("val").name(0), "valid/n01440764/c.JPEG");
}

TEST_F(ImagenetteFolder, OrderIsThatOfThePaths) {
  // '-' sorts before '/': the path "a-b/x" comes before "a/x", although the class "a" comes before "a-b".
  const TemporaryFolder other;
  for (const std::string name : {"val/a/x.JPEG", "val/a-b/x.JPEG", "val/B/x.JPEG"}) write_bytes(other / name, {1});
  const Imagenette data(other.string(), "val");
  EXPECT_EQ(names(data), (std::vector<std::string>{"val/B/x.JPEG", "val/a-b/x.JPEG", "val/a/x.JPEG"}));
  EXPECT_EQ(data.classes(), (std::vector<std::string>{"B", "a", "a-b"}));
  EXPECT_EQ(data.label(1), 2);
}

TEST_F(ImagenetteFolder, FilesThatAreNoImagesArePassedOver) {
  for (const std::string name : {"val/n01440764/._c.JPEG", "val/n01440764/.DS_Store", "val/n01440764/notes.txt", "val/noisy.csv"})
    write_bytes(folder_ / name, {1});
  expect_the_sample(open());
}

TEST_F(ImagenetteFolder, NamesOfAnyKind) {
  for (const std::string name : {"with space.jpg", "\xc3\xa9t\xc3\xa9.JpEg", "\xff\xfe.PNG"})
    write_bytes(folder_ / ("val/n01440764/" + name), {1});
  EXPECT_EQ(open().size(), 7u);
}

TEST_F(ImagenetteFolder, LimitSpreadsOverTheClasses) {
  EXPECT_EQ(names(open("val", {.limit = 2})), (std::vector<std::string>{"val/n01440764/c.JPEG", "val/n02102040/a.png"}));
  EXPECT_EQ(names(open("val", {.limit = 2, .subset = Subset::first})),
            (std::vector<std::string>{"val/n01440764/c.JPEG", "val/n01440764/d.JPEG"}));
  EXPECT_EQ(open("val", {.limit = 100}).size(), 4u);
}

TEST_F(ImagenetteFolder, MissingFolders) {
  EXPECT_TRUE(test::fails_with([] { Imagenette("/does/not/exist", "val"); },
                               {"/does/not/exist: cannot open: No such file or directory"}));
  EXPECT_TRUE(test::fails_with([&] { open("test"); }, {"unknown split 'test'"}));
  const TemporaryFolder other;
  std::filesystem::create_directories(other / "pictures");
  EXPECT_TRUE(test::fails_with([&] { Imagenette(other.string(), "val"); }, {"no folder val/ in it", "found pictures"}));
}

TEST_F(ImagenetteFolder, EmptyFolders) {
  std::filesystem::create_directories(folder_ / "val/n09999999");
  std::filesystem::create_directories(folder_ / "train/n09999999");
  expect_refused("class folder 'n09999999' has no image in it");
  const TemporaryFolder other;
  std::filesystem::create_directories(other / "val/a");
  EXPECT_TRUE(test::fails_with([&] { Imagenette(other.string(), "val"); }, {"no image in any of the 1 class folders"}));
  std::filesystem::remove(other / "val/a");
  EXPECT_TRUE(test::fails_with([&] { Imagenette(other.string(), "val"); }, {"no class folder in it"}));
}

TEST_F(ImagenetteFolder, BothSplitsMustHaveTheSameClasses) {
  write_bytes(folder_ / "train/n03000684/a.JPEG", {1});
  expect_refused("train/ and val/ have different class folders: n03000684");
}

TEST_F(ImagenetteFolder, UnreadableFilesAreErrorsWhenTheyAreRead) {
  std::filesystem::create_directories(folder_ / "val/n01440764/e.JPEG");
  std::filesystem::create_symlink("nowhere", folder_ / "val/n01440764/f.JPEG");
  write_bytes(folder_ / "val/n01440764/g.JPEG", {});
  ::mkfifo((folder_ / "val/n01440764/h.JPEG").c_str(), 0600);
  const Imagenette data = open();
  EXPECT_TRUE(test::fails_with([&] { data.bytes(2); }, {"e.JPEG: is a directory"}));
  EXPECT_TRUE(test::fails_with([&] { data.bytes(3); }, {"f.JPEG: cannot open: No such file or directory"}));
  EXPECT_TRUE(test::fails_with([&] { data.bytes(4); }, {"g.JPEG: empty file"}));
  EXPECT_TRUE(test::fails_with([&] { data.bytes(5); }, {"h.JPEG: not a regular file"}));
  std::filesystem::remove(folder_ / "val/n01440764/c.JPEG");
  EXPECT_TRUE(test::fails_with([&] { data.bytes(0); }, {"c.JPEG: cannot open"}));
}

class ImagenetteArchive : public testing::Test {
 protected:
  Imagenette open(const TarBuilder& tar, const std::string& split = "val", ImagenetteOptions options = {}) const {
    write_bytes(folder_ / "data.tgz", tar.tar_gz());
    return {folder_ / "data.tgz", split, options};
  }
  void expect_refused(const TarBuilder& tar, const std::string& part) const {
    EXPECT_TRUE(test::fails_with([&] { open(tar); }, {"data.tgz: ", part}));
  }
  const TemporaryFolder folder_;
};

TEST_F(ImagenetteArchive, IsTheSameAsTheFolder) {
  expect_the_sample(open(sample_tar()));
  EXPECT_EQ(open(sample_tar(), "train").name(1), "train/n02102040/b.JPEG");
  EXPECT_EQ(open(sample_tar(), "val", {.limit = 2}).name(1), "val/n02102040/a.png");
}

TEST_F(ImagenetteArchive, OtherFilesArePassedOver) {
  expect_the_sample(open(
      sample_tar().add("root/noisy_imagenette.csv", "x").add("root/val/n01440764/._c.JPEG", "x").add("root/val/.DS_Store", "x")));
}

TEST_F(ImagenetteArchive, WrongArchives) {
  expect_refused(TarBuilder().folder("root/pictures").add("root/pictures/a.JPEG", "x"), "found ");
  expect_refused(sample_tar().folder("root/val/n03000684"), "different class folders: n03000684");
  expect_refused(sample_tar().folder("root/val/n03000684").folder("root/train/n03000684"), "'n03000684' has no image");
  expect_refused(sample_tar().add("other/val/n01440764/c.JPEG", "x"), "two images are called 'val/n01440764/c.JPEG'");
  expect_refused(sample_tar().add("root/val/n01440764/link.JPEG", "", '2'), "is a link");
}

// Classes lie one after the other, as in a validation set of 3,925 images in ten classes.
TEST(Subset, SpreadHasItsShareOfEveryClass) {
  for (size_t limit = 10; limit <= 3925; limit += 145) {
    std::vector<size_t> of_class(10, 0);
    for (size_t i : subset_indices(3925, limit, Subset::spread)) ++of_class[i * 10 / 3925];
    for (size_t n : of_class) EXPECT_NEAR(static_cast<double>(n), static_cast<double>(limit) / 10, 1) << limit;
  }
}

TEST(Subset, IsPythonsSlice) {
  EXPECT_EQ(subset_indices(10, 3, Subset::spread), (std::vector<size_t>{0, 3, 6}));
  EXPECT_EQ(subset_indices(10, 4, Subset::spread), (std::vector<size_t>{0, 2, 5, 7}));
  EXPECT_EQ(subset_indices(3, 5, Subset::spread), (std::vector<size_t>{0, 1, 2}));
  EXPECT_EQ(subset_indices(10, 3, Subset::first), (std::vector<size_t>{0, 1, 2}));
  EXPECT_TRUE(test::fails_with([] { subset_indices(10, 0, Subset::spread); }, {"a limit of 0"}));
}

TEST(HumanName, KnowsTheTenClasses) {
  EXPECT_EQ(human_name("n01440764"), "tench");
  EXPECT_EQ(human_name("n03888257"), "parachute");
  EXPECT_EQ(human_name("cats"), "cats");
}

TEST(SampleOfImagenette, IsThere) {
  const std::string path = OCTET_SOURCE_DIR "/data/imagenette-sample";
  const Imagenette val(path, "val"), train(path, "train");
  EXPECT_EQ(val.classes().size(), 10u);
  EXPECT_EQ(val.size(), 200u);
  EXPECT_EQ(train.size(), 20u);
}

}  // namespace
}  // namespace octet::loaders
