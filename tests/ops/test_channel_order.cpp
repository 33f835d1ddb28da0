// Views, permutes and slices of channels, by hand and there and back.
#include "ops/channel_order.h"

#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::ops {
namespace {

/// ShuffleNet's: channel c of the result is channel c % groups * (C / groups) + c / groups.
TEST(ChannelOrder, AShuffle) {
  const Tensor x = test::random_floats({2, 6, 3, 5}, 1);
  const Tensor y = view_channels(permute_channels(view_channels(x, {2, 3}), {1, 0}), {6});
  const Tensor codes = test::random_codes({2, 3, 5, 6}, DType::quint8, 2);
  const Tensor shuffled = int8::view_channels(int8::permute_channels(int8::view_channels(codes, {2, 3}), {1, 0}), {6});
  ASSERT_EQ(y.shape(), x.shape());
  ASSERT_EQ(shuffled.shape(), codes.shape());
  for (int64_t n = 0; n < 2; ++n)
    for (int64_t c = 0; c < 6; ++c)
      for (int64_t p = 0; p < 15; ++p) {
        const int64_t from = c % 2 * 3 + c / 2;
        EXPECT_EQ(y.data<float>()[(n * 6 + c) * 15 + p], x.data<float>()[(n * 6 + from) * 15 + p]);
        EXPECT_EQ(shuffled.data<uint8_t>()[(n * 15 + p) * 6 + c], codes.data<uint8_t>()[(n * 15 + p) * 6 + from]);
      }
}

TEST(ChannelOrder, ThreeDimensionsBothLayoutsAndBack) {
  const Tensor x = test::random_floats({1, 24, 2, 3}, 1), parts = view_channels(x, {2, 3, 4});
  const std::vector<int64_t> dims{2, 0, 1};
  const Tensor moved = permute_channels(parts, dims);
  EXPECT_EQ(moved.shape(), (Shape{1, 4, 2, 3, 2, 3}));
  EXPECT_EQ(moved.data<float>()[0], x.data<float>()[0]);
  EXPECT_EQ(moved.data<float>()[1 * 36], parts.data<float>()[1 * 6]);  // [0, 1, 0, 0] of the result is [0, 0, 0, 1]
  EXPECT_TRUE(test::bits_equal(permute_channels(moved, inverse_order(dims)), parts));
  const Tensor codes = test::random_codes(x.shape(), DType::quint8, 2);
  const Tensor last = int8::permute_channels(int8::view_channels(to_channels_last(codes), {2, 3, 4}), dims);
  EXPECT_TRUE(test::codes_equal(to_channels_first(last), permute_channels(view_channels(codes, {2, 3, 4}), dims)));
  EXPECT_TRUE(test::codes_equal(to_channels_last(to_channels_first(last)), last));
}

TEST(ChannelOrder, SlicesAndTheirGradients) {
  const Tensor x = test::random_floats({2, 5, 2, 2}, 1), y = slice_channels(x, 1, 4);
  EXPECT_EQ(y.shape(), (Shape{2, 3, 2, 2}));
  for (int64_t n = 0; n < 2; ++n) EXPECT_EQ(y.data<float>()[n * 12], x.data<float>()[n * 20 + 4]);
  const Tensor dx = slice_channels_backward(y, x.shape(), 1);
  EXPECT_TRUE(test::bits_equal(slice_channels(dx, 1, 4), y));
  EXPECT_TRUE(test::bits_equal(slice_channels(dx, 0, 1), Tensor::zeros({2, 1, 2, 2})));
  EXPECT_TRUE(test::bits_equal(slice_channels(dx, 4, 5), Tensor::zeros({2, 1, 2, 2})));
  EXPECT_EQ(slice_channels(test::random_floats({3, 4}, 1), 0, 4).shape(), (Shape{3, 4}));
}

TEST(ChannelOrder, RefusesWhatDoesNotFit) {
  const Tensor x({1, 6, 2, 2});
  EXPECT_TRUE(test::fails_with([&] { view_channels(x, {4}); }, {"view", "[1, 6, 2, 2]", "[4]"}));
  EXPECT_TRUE(test::fails_with([&] { view_channels(x, {-2, -3}); }, {"cannot have channels [-2, -3]"}));
  EXPECT_TRUE(test::fails_with([&] { view_channels(Tensor({1, 6}), {2, 3}); }, {"expected [N, channels..., H, W]"}));
  EXPECT_TRUE(test::fails_with([&] { permute_channels(x, {0, 1}); }, {"[0, 1] is no order of the 1 dimensions"}));
  EXPECT_TRUE(test::fails_with([&] { permute_channels(view_channels(x, {2, 3}), {0, 0}); }, {"[0, 0] is no order"}));
  EXPECT_TRUE(test::fails_with([&] { slice_channels(x, 2, 7); }, {"channels 2 to 7 of [1, 6, 2, 2]"}));
  EXPECT_TRUE(test::fails_with(
      [&] {
        int8::view_channels(Tensor({1, 6}, DType::quint8), {6});
      },
      {"codes [N, H, W, channels...]"}));
}

}  // namespace
}  // namespace octet::ops
