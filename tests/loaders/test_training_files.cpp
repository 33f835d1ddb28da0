// What training writes and how it augments: .pth files, random crops.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "loaders/checkpoints/pth.h"
#include "loaders/checkpoints/pth_writer.h"
#include "loaders/images/augment.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::loaders {
namespace {

StateDict some_state() {
  StateDict state;
  state.add({"a.weight", test::random_floats({3, 2, 1, 4}, 1), {}});
  state.add({"a.bias", test::random_floats({5}, 2), {}});
  state.add({"count", Tensor::from(std::vector<int64_t>{-7}, {}, DType::i64), {}});
  state.add({"half", test::random_floats({2, 2}, 3).to(DType::f16), {}});
  state.add({"empty", Tensor({0, 3}), {}});
  return state;
}

TEST(PthWriter, ReadsBack) {
  const std::string path = ::testing::TempDir() + "/writer.pth";
  const StateDict state = some_state();
  save_pth(path, state);
  const StateDict back = load_pth(path);
  ASSERT_EQ(back.entries().size(), state.entries().size());
  for (size_t i = 0; i < state.entries().size(); ++i) {
    EXPECT_EQ(back.entries()[i].key, state.entries()[i].key);
    EXPECT_TRUE(test::bits_equal(back.entries()[i].tensor, state.entries()[i].tensor)) << state.entries()[i].key;
  }
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST(PthWriter, RefusesWhatAFloatCheckpointDoesNotHold) {
  StateDict state;
  state.add({"codes", Tensor({2}, DType::quint8), {}});
  EXPECT_TRUE(test::fails_with([&] { save_pth(::testing::TempDir() + "/codes.pth", state); }, {"'codes'", "quint8"}));
  EXPECT_TRUE(test::fails_with([&] { save_pth("/no/such/folder/a.pth", some_state()); }, {"/no/such/folder/a.pth"}));
}

TEST(RandomResizedCrop, StaysInsideAndFollowsTheSeed) {
  Generator generator(1);
  double smallest = 1, largest = 0;
  for (int i = 0; i < 2000; ++i) {
    const Box box = random_box(300, 200, {.min_scale = 0.35}, generator);
    ASSERT_TRUE(box.x >= 0 && box.y >= 0 && box.x + box.width <= 300 && box.y + box.height <= 200);
    const double share = box.width * box.height / 60000.0, ratio = static_cast<double>(box.width) / box.height;
    smallest = std::min(smallest, share);
    largest = std::max(largest, share);
    ASSERT_TRUE(ratio > 0.74 && ratio < 1.35);
  }
  EXPECT_NEAR(smallest, 0.35, 0.01);
  EXPECT_GT(largest, 0.8);                                               // 4/3 of the height is 89 % of the image
  const Box narrow = random_box(10, 1000, {.min_scale = 1}, generator);  // no try fits: the central part
  EXPECT_EQ(narrow.width, 10);
  EXPECT_EQ(narrow.height, 13);
}

TEST(RandomResizedCrop, Mirror) {
  Image image{3, 1, {1, 2, 3, 4, 5, 6, 7, 8, 9}};
  mirror(image);
  EXPECT_EQ(image.rgb, (std::vector<uint8_t>{7, 8, 9, 4, 5, 6, 1, 2, 3}));
  Image noise{40, 30, std::vector<uint8_t>(3600)};
  for (size_t i = 0; i < noise.rgb.size(); ++i) noise.rgb[i] = static_cast<uint8_t>(i * 31);
  Generator a(5), b(5);
  const Image first = random_resized_crop(noise, {.size = 16}, a);
  EXPECT_EQ(first.rgb, random_resized_crop(noise, {.size = 16}, b).rgb);
  EXPECT_EQ(first.width, 16);
}

}  // namespace
}  // namespace octet::loaders
