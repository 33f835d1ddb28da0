// ImageFolder from a folder and from an archive: order, labels, parts, subsets, and data sets that are not as they should be.
#include "loaders/datasets/image_folder.h"

#include <sys/stat.h>

#include "loaders/datasets/imagenette.h"

#include "sample_folder.h"
#include "tests/support/paths.h"

namespace octet::loaders {
namespace {

std::vector<std::string> names(const ImageFolder& data) {
  std::vector<std::string> all;
  for (size_t i = 0; i < data.size(); ++i) all.push_back(data.name(i));
  return all;
}

void expect_the_sample(const ImageFolder& data) {
  EXPECT_EQ(data.classes(), (std::vector<std::string>{"n01440764", "n02102040"}));
  EXPECT_EQ(names(data), std::vector<std::string>(kSampleImages.begin() + 2, kSampleImages.end()));
  ASSERT_EQ(data.size(), 4u);
  EXPECT_EQ(data.label(1), 0);
  EXPECT_EQ(data.label(2), 1);
  for (size_t i = 0; i < data.size(); ++i) EXPECT_EQ(data.bytes(i), sample_bytes(data.name(i)));
}

class FolderOfImages : public testing::Test {
 protected:
  void SetUp() override { make_sample(folder_); }
  ImageFolder open(const std::string& split = "val", ImageFolderOptions options = {}) const {
    return {folder_.string(), split, options};
  }
  void expect_refused(const std::string& part, const std::string& split = "val") const {
    EXPECT_TRUE(test::fails_with([&] { open(split); }, {folder_.string(), part}));
  }
  const TemporaryFolder folder_;
};

TEST_F(FolderOfImages, ReadsASplit) {
  expect_the_sample(open());
  EXPECT_EQ(open("train").size(), 2u);
}

TEST_F(FolderOfImages, ValAndValidAreOneName) {
  EXPECT_EQ(open("valid").size(), 4u);
  std::filesystem::rename(folder_ / "val", folder_ / "valid");
  EXPECT_EQ(open("val").name(0), "valid/n01440764/c.JPEG");
}

TEST_F(FolderOfImages, OrderIsThatOfThePaths) {
  // '-' sorts before '/': the path "a-b/x" comes before "a/x", although the class "a" comes before "a-b".
  const TemporaryFolder other;
  for (const std::string name : {"val/a/x.JPEG", "val/a-b/x.JPEG", "val/B/x.JPEG"}) write_bytes(other / name, {1});
  const ImageFolder data(other.string(), "val");
  EXPECT_EQ(names(data), (std::vector<std::string>{"val/B/x.JPEG", "val/a-b/x.JPEG", "val/a/x.JPEG"}));
  EXPECT_EQ(data.classes(), (std::vector<std::string>{"B", "a", "a-b"}));
  EXPECT_EQ(data.label(1), 2);
}

TEST_F(FolderOfImages, HiddenFilesArePassedOver) {
  for (const std::string name : {"val/n01440764/._c.JPEG", "val/n01440764/.DS_Store", "val/n01440764/Thumbs.db", "val/noisy.csv",
                                 "val/__MACOSX/x.JPEG", "val/.cache/x.JPEG", "val/n01440764/.cache/x.JPEG"})
    write_bytes(folder_ / name, {1});
  expect_the_sample(open());
  EXPECT_TRUE(open().skipped().empty());
}

TEST_F(FolderOfImages, WhatIsLeftOutIsNamed) {
  for (const std::string name : {"val/n01440764/notes.txt", "val/n01440764/sub/y.gif", "val/n02102040/raw", "val/lonely.png"})
    write_bytes(folder_ / name, {1});
  const ImageFolder data = open();
  expect_the_sample(data);
  ASSERT_EQ(data.skipped().size(), 4u);
  const std::vector<std::pair<std::string, std::string>> wanted = {{"val/n01440764/notes.txt", "extension '.txt'"},
                                                                   {"val/n01440764/sub/y.gif", "extension '.gif'"},
                                                                   {"val/n02102040/raw", "no extension"},
                                                                   {"val/lonely.png", "lies in no class folder"}};
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(data.skipped()[i].name, wanted[i].first);
    EXPECT_THAT(data.skipped()[i].reason, testing::HasSubstr(wanted[i].second));
  }
  EXPECT_TRUE(open("train").skipped().empty());
}

// As torchvision's ImageFolder and fastai's get_image_files.
TEST_F(FolderOfImages, SubFoldersBelongToTheClass) {
  for (const std::string name : {"val/n01440764/sub/deep/x.jpg", "val/n01440764/sub/y.webp", "val/n02102040/z/z.bmp"})
    write_bytes(folder_ / name, {1});
  const ImageFolder data = open();
  EXPECT_EQ(data.classes().size(), 2u);
  EXPECT_EQ(names(data), (std::vector<std::string>{"val/n01440764/c.JPEG", "val/n01440764/d.JPEG", "val/n01440764/sub/deep/x.jpg",
                                                   "val/n01440764/sub/y.webp", "val/n02102040/a.png", "val/n02102040/z.JPEG",
                                                   "val/n02102040/z/z.bmp"}));
  EXPECT_EQ(data.label(3), 0);
  EXPECT_EQ(data.label(6), 1);
}

TEST_F(FolderOfImages, LinksAreFollowedButNotInCircles) {
  std::filesystem::create_directory_symlink("..", folder_ / "val/n01440764/up");
  const TemporaryFolder elsewhere;
  write_bytes(elsewhere / "x.png", {1});
  std::filesystem::create_directory_symlink(elsewhere.string(), folder_ / "val/n02102040/more");
  const ImageFolder data = open();
  EXPECT_THAT(data.warnings(), testing::ElementsAre(testing::HasSubstr("n01440764/up: a link to a folder above it")));
  EXPECT_THAT(names(data), testing::Contains("val/n02102040/more/x.png"));
}

TEST_F(FolderOfImages, TestIsASplit) {
  EXPECT_TRUE(test::fails_with([&] { open("test"); }, {"no folder test/ in it", "found train, val"}));
  write_bytes(folder_ / "test/n02102040/t.jpg", {1});
  const ImageFolder data = open("test");
  EXPECT_EQ(names(data), std::vector<std::string>{"test/n02102040/t.jpg"});
  EXPECT_EQ(data.label(0), 1);  // a label means the same in all splits
  write_bytes(folder_ / "test/cats/t.jpg", {1});
  EXPECT_TRUE(test::fails_with([&] { open("test"); }, {"test/ and train/ have different class folders: cats"}));
  EXPECT_NO_THROW(open("val"));
}

/// A folder of classes, without train/ and val/.
class FolderOfClasses : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string& name : files_) write_bytes(folder_ / name, {1});
  }
  ImageFolder open(const std::string& split, ImageFolderOptions options = {}) const { return {folder_.string(), split, options}; }
  const std::vector<std::string> files_ = {"cats/0.jpg", "cats/1.jpg", "cats/2.jpg", "cats/3.jpg", "cats/4.jpg",
                                           "dogs/0.jpg", "dogs/1.jpg", "dogs/2.jpg", "dogs/3.jpg", "dogs/4.jpg"};
  const TemporaryFolder folder_;
};

TEST_F(FolderOfClasses, ValidShareIsFastaisRandomSplitter) {
  // torch.manual_seed(42); torch.randperm(10): [2, 6, 1, 8, 4, 5, 0, 9, 3, 7]
  EXPECT_EQ(random_permutation(10, 42), (std::vector<size_t>{2, 6, 1, 8, 4, 5, 0, 9, 3, 7}));
  const ImageFolder val = open("valid", {.valid_share = 0.3, .seed = 42}),
                    train = open("train", {.valid_share = 0.3, .seed = 42});
  EXPECT_EQ(names(val), (std::vector<std::string>{"cats/1.jpg", "cats/2.jpg", "dogs/1.jpg"}));
  EXPECT_EQ(train.size(), 7u);
  EXPECT_EQ(train.classes(), val.classes());
  for (size_t i = 0; i < train.size(); ++i) EXPECT_THAT(names(val), testing::Not(testing::Contains(train.name(i))));
  EXPECT_EQ(val.label(2), 1);
  EXPECT_NE(names(open("val", {.valid_share = 0.3, .seed = 1})), names(val));
}

TEST_F(FolderOfClasses, IsAskedForByName) {
  EXPECT_EQ(names(open("all")), files_);
  EXPECT_TRUE(
      test::fails_with([&] { open("val"); }, {"no folder val/ in it", "found cats, dogs", "--valid-share 0.2, or --split all"}));
  EXPECT_TRUE(test::fails_with([&] { open("val", {.valid_share = 0.01}); }, {"--valid-share 0.01 of 10 images is none"}));
  EXPECT_TRUE(
      test::fails_with([&] { open("val", {.valid_share = 1.0}); }, {"--valid-share 1: expected a number between 0 and 1"}));
  EXPECT_TRUE(
      test::fails_with([&] { open("test", {.valid_share = 0.2}); }, {"--valid-share makes train and val, but --split is test"}));
}

TEST_F(FolderOfClasses, TrainAloneIsDivided) {
  const TemporaryFolder other;
  for (const std::string& name : files_) write_bytes(other / ("train/" + name), {1});
  EXPECT_EQ(ImageFolder(other.string(), "val", {.valid_share = 0.2}).size(), 2u);
  EXPECT_EQ(ImageFolder(other.string(), "train", {.valid_share = 0.2}).size(), 8u);
  EXPECT_TRUE(
      test::fails_with([&] { ImageFolder(other.string(), "all"); }, {"--split all is for a folder of classes", "has train"}));
  write_bytes(other / "val/cats/x.jpg", {1});
  EXPECT_TRUE(
      test::fails_with([&] { ImageFolder(other.string(), "val", {.valid_share = 0.2}); }, {"has a validation set already"}));
}

TEST_F(FolderOfClasses, TheSameFromAnArchive) {
  TarBuilder tar;
  for (const std::string& name : files_) tar.add("pets/" + name, "1");
  tar.add("pets/__MACOSX/._x.jpg", "1").add("pets/cats/.DS_Store", "1").add("pets/cats/y.gif", "1");
  write_bytes(folder_ / "data.tgz", tar.tar_gz());
  const std::string path = folder_ / "data.tgz";
  EXPECT_EQ(names({path, "all"}), files_);
  EXPECT_EQ(names({path, "val", {.valid_share = 0.3, .seed = 42}}), names(open("val", {.valid_share = 0.3, .seed = 42})));
  const ImageFolder any(path, "val", {.labels = Labels::if_any});
  EXPECT_EQ(any.classes(), (std::vector<std::string>{"cats", "dogs"}));
  ASSERT_EQ(any.skipped().size(), 1u);
  EXPECT_EQ(any.skipped()[0].name, "cats/y.gif");
}

TEST_F(FolderOfClasses, WithoutLabels) {
  const ImageFolderOptions any{.labels = Labels::if_any};
  EXPECT_EQ(open("val", any).classes().size(), 2u);
  write_bytes(folder_ / "beside.jpg", {1});
  const ImageFolder mixed = open("val", any);
  EXPECT_FALSE(mixed.labelled());
  EXPECT_EQ(mixed.size(), 11u);
  EXPECT_EQ(mixed.label(0), -1);
  const ImageFolder flat((folder_.path() / "cats").string(), "val", any);
  EXPECT_FALSE(flat.labelled());
  EXPECT_EQ(flat.name(4), "4.jpg");
  const ImageFolder list(std::vector<std::string>{folder_ / "dogs/1.jpg", "missing.jpg"});
  EXPECT_EQ(list.bytes(0), FileBytes{1});
  EXPECT_TRUE(test::fails_with([&] { list.bytes(1); }, {"missing.jpg: cannot open"}));
  const TemporaryFolder empty;
  EXPECT_TRUE(test::fails_with([&] { ImageFolder(empty.string(), "val", any); }, {"no image in it"}));
}

TEST_F(FolderOfImages, NamesOfAnyKind) {
  for (const std::string name : {"with space.jpg", "\xc3\xa9t\xc3\xa9.JpEg", "\xff\xfe.PNG"})
    write_bytes(folder_ / ("val/n01440764/" + name), {1});
  EXPECT_EQ(open().size(), 7u);
}

TEST_F(FolderOfImages, LimitSpreadsOverTheClasses) {
  EXPECT_EQ(names(open("val", {.limit = 2})), (std::vector<std::string>{"val/n01440764/c.JPEG", "val/n02102040/a.png"}));
  EXPECT_EQ(names(open("val", {.limit = 2, .subset = Subset::first})),
            (std::vector<std::string>{"val/n01440764/c.JPEG", "val/n01440764/d.JPEG"}));
  EXPECT_EQ(open("val", {.limit = 100}).size(), 4u);
}

TEST_F(FolderOfImages, MissingFolders) {
  EXPECT_TRUE(test::fails_with([] { ImageFolder("/does/not/exist", "val"); },
                               {"/does/not/exist: cannot open: No such file or directory"}));
  EXPECT_TRUE(test::fails_with([&] { open("half"); }, {"unknown split 'half'"}));
  const TemporaryFolder other;
  std::filesystem::create_directories(other / "pictures");
  EXPECT_TRUE(test::fails_with([&] { ImageFolder(other.string(), "val"); }, {"no folder val/ in it", "found pictures"}));
}

TEST_F(FolderOfImages, EmptyFolders) {
  std::filesystem::create_directories(folder_ / "val/n09999999");
  std::filesystem::create_directories(folder_ / "train/n09999999");
  expect_refused("class folder 'n09999999' has no image in it");
  const TemporaryFolder other;
  std::filesystem::create_directories(other / "val/a");
  EXPECT_TRUE(test::fails_with([&] { ImageFolder(other.string(), "val"); }, {"no image in any of the 1 class folders"}));
  std::filesystem::remove(other / "val/a");
  EXPECT_TRUE(test::fails_with([&] { ImageFolder(other.string(), "val"); }, {"no class folder in val/"}));
}

TEST_F(FolderOfImages, BothSplitsMustHaveTheSameClasses) {
  write_bytes(folder_ / "train/n03000684/a.JPEG", {1});
  expect_refused("train/ and val/ have different class folders: n03000684");
}

TEST_F(FolderOfImages, UnreadableFilesAreErrorsWhenTheyAreRead) {
  std::filesystem::create_symlink("nowhere", folder_ / "val/n01440764/f.JPEG");
  write_bytes(folder_ / "val/n01440764/g.JPEG", {});
  ::mkfifo((folder_ / "val/n01440764/h.JPEG").c_str(), 0600);
  const ImageFolder data = open();
  EXPECT_TRUE(test::fails_with([&] { data.bytes(2); }, {"f.JPEG: cannot open: No such file or directory"}));
  EXPECT_TRUE(test::fails_with([&] { data.bytes(3); }, {"g.JPEG: empty file"}));
  EXPECT_TRUE(test::fails_with([&] { data.bytes(4); }, {"h.JPEG: not a regular file"}));
  std::filesystem::remove(folder_ / "val/n01440764/c.JPEG");
  EXPECT_TRUE(test::fails_with([&] { data.bytes(0); }, {"c.JPEG: cannot open"}));
}

class ArchiveOfImages : public testing::Test {
 protected:
  ImageFolder open(const TarBuilder& tar, const std::string& split = "val", ImageFolderOptions options = {}) const {
    write_bytes(folder_ / "data.tgz", tar.tar_gz());
    return {folder_ / "data.tgz", split, options};
  }
  void expect_refused(const TarBuilder& tar, const std::string& part) const {
    EXPECT_TRUE(test::fails_with([&] { open(tar); }, {"data.tgz: ", part}));
  }
  const TemporaryFolder folder_;
};

TEST_F(ArchiveOfImages, IsTheSameAsTheFolder) {
  expect_the_sample(open(sample_tar()));
  EXPECT_EQ(open(sample_tar(), "train").name(1), "train/n02102040/b.JPEG");
  EXPECT_EQ(open(sample_tar(), "val", {.limit = 2}).name(1), "val/n02102040/a.png");
}

TEST_F(ArchiveOfImages, OtherFilesArePassedOver) {
  expect_the_sample(open(
      sample_tar().add("root/noisy_imagenette.csv", "x").add("root/val/n01440764/._c.JPEG", "x").add("root/val/.DS_Store", "x")));
}

TEST_F(ArchiveOfImages, LinksAreLeftOutAndNamed) {
  const ImageFolder images = open(sample_tar().add("root/val/n01440764/link.JPEG", "", '2'));
  expect_the_sample(images);
  EXPECT_THAT(images.warnings(),
              testing::ElementsAre(testing::EndsWith("left out 'root/val/n01440764/link.JPEG': a symbolic link")));
}

TEST_F(ArchiveOfImages, WrongArchives) {
  expect_refused(TarBuilder().folder("root/pictures").add("root/pictures/a.JPEG", "x"), "found ");
  expect_refused(sample_tar().folder("root/val/n03000684"), "different class folders: n03000684");
  expect_refused(sample_tar().folder("root/val/n03000684").folder("root/train/n03000684"), "'n03000684' has no image");
  expect_refused(sample_tar().add("other/val/n01440764/c.JPEG", "x"), "two images are called 'val/n01440764/c.JPEG'");
  expect_refused(sample_tar().add("root/val/n01440764/../link.JPEG", "", '2'), "has '..' in its name");
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
  const std::string path = test::source_dir() + "/data/imagenette-sample";
  const ImageFolder val(path, "val"), train(path, "train");
  EXPECT_EQ(val.classes().size(), 10u);
  EXPECT_EQ(val.size(), 200u);
  EXPECT_EQ(train.size(), 20u);
}

}  // namespace
}  // namespace octet::loaders
