// Wrong calls of the loaders: images whose size lies, views beyond their storage, tensors that are none.
#include "builders.h"
#include "loaders/checkpoints/pth.h"
#include "loaders/checkpoints/pth_writer.h"
#include "loaders/files/strided.h"
#include "loaders/images/augment.h"
#include "loaders/images/transforms.h"

namespace octet::loaders {
namespace {

using test::fails_with;

TEST(Misuse, ImagesWhoseSizeLies) {
  for (const Image& image : {Image{200, 200, std::vector<uint8_t>(12)}, Image{-4, -4, std::vector<uint8_t>(48)}, Image{}}) {
    Image copy = image;
    EXPECT_TRUE(fails_with([&] { mirror(copy); }, {"mirror: the image "}));
    EXPECT_TRUE(fails_with([&] { to_tensor(image, {.size = 8}); }, {}));
  }
}

TEST(Misuse, MeansThatImagesDoNotHave) {
  const Image image{4, 4, std::vector<uint8_t>(48)};
  EXPECT_TRUE(
      fails_with([&] { to_tensor(image, {.size = 4, .mean = std::vector<float>(7), .deviation = std::vector<float>(7, 1)}); },
                 {"mean of 7 and std of 7 channels"}));
  EXPECT_TRUE(fails_with([&] { to_tensor(image, {.size = 4, .deviation = {1, 1}}); }, {"mean of 3 and std of 2 channels"}));
  EXPECT_TRUE(fails_with([&] { to_tensor(image, {.size = 4, .deviation = {0, 0, 0}}); }, {"std above 0"}));
}

TEST(Misuse, ViewsBeyondTheirStorage) {
  const std::vector<std::byte> four(4);
  EXPECT_TRUE(fails_with([&] { copy_contiguous({.shape = {4}, .strides = {1}}, four); }, {"element 3 of a storage of 1"}));
  EXPECT_TRUE(fails_with([&] { copy_contiguous({.shape = {2, 1}, .strides = {1}}, four); }, {"2 sizes but 1 strides"}));
}

TEST(Misuse, TensorsThatAreNone) {  // as the bias is that a convolution of PyTorch's does not have
  const TemporaryFolder folder;
  StateDict state;
  state.add({"conv.bias", Tensor(), {}});
  state.add({"conv.weight", Tensor({2}), {}});
  save_pth(folder / "a.pth", state);
  const StateDict read = load_pth(folder / "a.pth");
  EXPECT_EQ(read.find("conv.bias"), nullptr);
  EXPECT_NE(read.find("conv.weight"), nullptr);
}

}  // namespace
}  // namespace octet::loaders
