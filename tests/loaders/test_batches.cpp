// Batches: order for any number of threads, what happens to images that cannot be read, early ends.
#include "loaders/datasets/batches.h"

#include <atomic>
#include <cstring>
#include <numeric>

#include "loaders/images/resize.h"
#include "loaders/images/transforms.h"
#include "sample_folder.h"

namespace octet::loaders {
namespace {

constexpr int kSide = 16;

/// `count` images of different colours in two classes; those in `bad` are no images.
class BatchesTest : public testing::Test {
 protected:
  void make(int count, const std::vector<int>& bad = {}) {
    for (int i = 0; i < count; ++i) {
      const std::string name = str("val/class", 2 * i / count, "/", i / 10, i % 10, ".JPEG");
      const bool broken = std::ranges::count(bad, i) > 0;
      write_bytes(folder_ / name, broken ? FileBytes{'b', 'a', 'd'} : golden_bytes(i % 2 ? "portrait.png" : "jpeg_420.jpg"));
    }
    data_.emplace(folder_.string(), "val");
  }
  std::vector<size_t> all() const {
    std::vector<size_t> indices(data_->size());
    std::iota(indices.begin(), indices.end(), size_t{0});
    return indices;
  }
  Batches batches(int batch_size, int threads = 2) const {
    return {*data_, all(), {.batch_size = batch_size, .transform = {.size = kSide}, .threads = threads}};
  }

  const TemporaryFolder folder_;
  std::optional<ImageFolder> data_;
};

std::vector<std::string> stems(Batches& batches) {
  std::vector<std::string> all;
  while (auto batch = batches.next()) {
    std::string line;
    for (const std::string& name : batch->names) line += (line.empty() ? "" : " ") + name.substr(name.rfind('/') + 1, 2);
    EXPECT_EQ(batch->images.shape(), (Shape{std::ssize(batch->names), 3, kSide, kSide}));
    EXPECT_EQ(batch->labels.size(), batch->names.size());
    all.push_back(line);
  }
  return all;
}

TEST_F(BatchesTest, ComeInOrderAndTheLastIsSmaller) {
  make(7);
  for (int threads : {1, 2, 8}) {
    Batches b = batches(3, threads);
    EXPECT_EQ(stems(b), (std::vector<std::string>{"00 01 02", "03 04 05", "06"})) << threads << " threads";
    EXPECT_TRUE(b.skipped().empty());
    EXPECT_FALSE(b.next());
  }
}

TEST_F(BatchesTest, HoldWhatTheStagesMake) {
  make(4);
  Batches b = batches(4);
  const Batch batch = *b.next();
  EXPECT_EQ(batch.labels, (std::vector<int>{0, 0, 1, 1}));
  std::vector<float> golden(3 * kSide * kSide);
  for (size_t i = 0; i < 4; ++i) {
    to_normalized(crop_and_resize(decode_image(data_->bytes(i), "x"), kSide), {}, golden.data());
    EXPECT_EQ(std::memcmp(batch.images.data<float>() + i * golden.size(), golden.data(), golden.size() * sizeof(float)), 0) << i;
  }
}

TEST_F(BatchesTest, IndicesSayWhichAndInWhatOrder) {
  make(6);
  Batches b(*data_, {5, 0, 0, 3}, {.batch_size = 3, .transform = {.size = kSide}});
  EXPECT_EQ(stems(b), (std::vector<std::string>{"05 00 00", "03"}));
  EXPECT_TRUE(test::fails_with([&] { Batches(*data_, {6}, {}); }, {"an index beyond the 6 images"}));
  EXPECT_TRUE(test::fails_with([&] { Batches(*data_, {}, {}); }, {"no images to read"}));
  EXPECT_TRUE(test::fails_with([&] { Batches(*data_, {0}, {.batch_size = 0}); }, {"expected positive numbers"}));
}

TEST_F(BatchesTest, UnreadableImagesAreNamedAndReplacedByTheNext) {
  make(8, {0, 3, 7});
  for (int threads : {1, 4}) {
    Batches b = batches(3, threads);
    EXPECT_EQ(stems(b), (std::vector<std::string>{"01 02 04", "05 06"}));
    ASSERT_EQ(b.skipped().size(), 3u);
    EXPECT_EQ(b.skipped()[1].name, "val/class0/03.JPEG");
    EXPECT_THAT(b.skipped()[1].reason, testing::HasSubstr("not an image"));
  }
}

TEST_F(BatchesTest, NoBatchWhenOnlyBadImagesAreLeft) {
  make(5, {3, 4});
  Batches b = batches(3);
  EXPECT_EQ(stems(b), (std::vector<std::string>{"00 01 02"}));
  EXPECT_EQ(b.skipped().size(), 2u);
}

TEST_F(BatchesTest, AllUnreadableIsAnError) {
  make(4, {0, 1, 2, 3});
  Batches b = batches(3);
  EXPECT_TRUE(
      test::fails_with([&] { b.next(); }, {"none of the 4 images can be read; the first: val/class0/00.JPEG: not an image"}));
}

TEST_F(BatchesTest, ExceptionsOfWorkersReachTheCaller) {
  make(6);
  const auto resize = [](const Image& image, size_t position) {
    if (position == 2) throw std::bad_alloc();
    return crop_and_resize(image, kSide);
  };
  Batches b(*data_, all(), {.batch_size = 2, .transform = {.size = kSide}, .threads = 3, .resize = resize});
  EXPECT_TRUE(b.next());
  EXPECT_THROW(b.next(), std::bad_alloc);
}

TEST_F(BatchesTest, ResizeMustMakeTheSizeThatWasPromised) {
  make(2);
  Batches b(*data_, all(), {.transform = {.size = kSide}, .resize = [](const Image& image, size_t) { return image; }});
  EXPECT_TRUE(test::fails_with([&] { b.next(); }, {"resize made an image of 45 x 37, expected 16 x 16"}));
}

TEST_F(BatchesTest, WorkersRunOnlySoFarAhead) {
  make(30);
  std::atomic<size_t> furthest{0};
  const auto resize = [&](const Image& image, size_t position) {
    furthest = std::max(furthest.load(), position);
    return crop_and_resize(image, kSide);
  };
  Batches b(*data_, all(), {.batch_size = 2, .transform = {.size = kSide}, .threads = 2, .prefetch = 2, .resize = resize});
  b.next();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LT(furthest, 6u);  // two taken, four ahead
}

TEST_F(BatchesTest, CanBeLeftEarly) {
  make(20);
  for (int taken = 0; taken < 4; ++taken) {
    Batches b = batches(2, 4);
    for (int i = 0; i < taken; ++i) b.next();
  }
}

TEST_F(BatchesTest, FromACacheOfAnySizeAreTheSame) {
  make(6, {2});
  for (const size_t capacity : {size_t{0}, size_t{4000}, size_t{1} << 30}) {
    ImageCache cache(*data_, capacity);
    for (int epoch = 0; epoch < 2; ++epoch) {
      Batches plain = batches(2),
              cached(*data_, all(), {.batch_size = 2, .transform = {.size = kSide}, .threads = 2, .cache = &cache});
      while (const auto want = plain.next()) {
        const auto have = cached.next();
        ASSERT_TRUE(have);
        EXPECT_EQ(have->names, want->names);
        EXPECT_EQ(std::memcmp(have->images.bytes(), want->images.bytes(), want->images.nbytes()), 0);
        EXPECT_EQ(cached.position(), plain.position());
      }
      EXPECT_FALSE(cached.next());
      EXPECT_EQ(cached.skipped().size(), 1u);
      EXPECT_EQ(cached.position(), 6u);
    }
  }
}

TEST_F(BatchesTest, ACacheDecodesOnce) {
  make(2);
  ImageCache cache(*data_, 1 << 30);
  const auto first = cache.get(0);
  std::filesystem::remove_all(folder_.string());
  EXPECT_EQ(cache.get(0), first);
  EXPECT_THROW(cache.get(1), Error);
}

}  // namespace
}  // namespace octet::loaders
