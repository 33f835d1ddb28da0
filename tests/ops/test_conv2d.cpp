#include "ops/conv/conv2d.h"

#include "ops/linear.h"
#include "ops/reference/conv2d.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::ops {
namespace {

TEST(Im2col, ByHand) {
  const std::vector<int> x = {1, 2, 3, 4};  // [1, 2, 2]
  const Im2colShape s{1, 2, 2, 3, 1, 1, 2, 2};
  std::vector<int> columns(static_cast<size_t>(s.rows() * s.cols()));
  im2col(x.data(), s, 7, columns.data());
  EXPECT_EQ(std::vector<int>(columns.begin(), columns.begin() + 4),
            (std::vector{7, 7, 7, 1}));  // r = s = 0: shifted right and down
  EXPECT_EQ(std::vector<int>(columns.begin() + 16, columns.begin() + 20),
            (std::vector{1, 2, 3, 4}));  // the middle row: the image
  EXPECT_EQ(std::vector<int>(columns.end() - 4, columns.end()), (std::vector{4, 7, 7, 7}));
}

TEST(Conv2d, NaiveByHand) {
  const Tensor x = Tensor::from({1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 1, 3, 3}), w = Tensor::from({1, 0, 0, -1}, {1, 1, 2, 2});
  EXPECT_TRUE(test::bits_equal(reference::conv2d(x, w, Tensor::from({10}, {1})), Tensor::from({6, 6, 6, 6}, {1, 1, 2, 2})));
}

// A sum of n products rounded to float differs from the exact one by about n * 2^-24 of the products' size.
void expect_as_naive(const Shape& x_shape, const Shape& w_shape, const Conv2dOptions& options) {
  const Tensor x = test::random_floats(x_shape, 1), w = test::random_floats(w_shape, 2), b = test::random_floats({w_shape[0]}, 3);
  const float terms = static_cast<float>(numel(w_shape) / w_shape[0]);
  EXPECT_TRUE(test::all_close(conv2d(x, w, b, options), reference::conv2d(x, w, b, options), 1e-6f, terms * 1e-6f));
  EXPECT_TRUE(test::all_close(conv2d(x, w, {}, options), reference::conv2d(x, w, {}, options), 1e-6f, terms * 1e-6f));
}

TEST(Conv2d, Stem) { expect_as_naive({2, 3, 23, 17}, {8, 3, 7, 7}, {.stride = 2, .padding = 3}); }
TEST(Conv2d, ThreeByThree) { expect_as_naive({3, 16, 9, 9}, {12, 16, 3, 3}, {.padding = 1}); }
TEST(Conv2d, ThreeByThreeStride2) { expect_as_naive({1, 16, 9, 8}, {12, 16, 3, 3}, {.stride = 2, .padding = 1}); }
TEST(Conv2d, Pointwise) { expect_as_naive({2, 16, 5, 5}, {7, 16, 1, 1}, {}); }
TEST(Conv2d, PointwiseStride2) { expect_as_naive({2, 16, 5, 6}, {7, 16, 1, 1}, {.stride = 2}); }
TEST(Conv2d, Grouped) { expect_as_naive({2, 8, 7, 7}, {12, 2, 3, 3}, {.padding = 1, .groups = 4}); }
TEST(Conv2d, Depthwise) { expect_as_naive({2, 8, 7, 7}, {8, 1, 3, 3}, {.padding = 1, .groups = 8}); }
TEST(Conv2d, DepthwiseTwoOutputsEach) {
  expect_as_naive({2, 3, 9, 8}, {6, 1, 5, 3}, {.stride = {2, 3}, .padding = {2, 1}, .groups = 3});
}
TEST(Conv2d, UnequalSides) { expect_as_naive({1, 3, 11, 8}, {4, 3, 2, 5}, {.stride = {1, 2}, .padding = {0, 2}}); }
TEST(Conv2d, WholeImageKernel) { expect_as_naive({1, 3, 4, 4}, {4, 3, 4, 4}, {}); }

TEST(Conv2d, RefusesWhatDoesNotFit) {
  const Tensor x = Tensor::zeros({1, 3, 8, 8}), w = Tensor::zeros({4, 2, 3, 3});
  EXPECT_TRUE(test::fails_with([&] { conv2d(x, w, {}); }, {"[1, 3, 8, 8]", "[4, 2, 3, 3]", "2 channels"}));
  EXPECT_TRUE(test::fails_with([&] { conv2d(Tensor::zeros({3, 8, 8}), w, {}); }, {"[N, C, H, W]"}));
  EXPECT_TRUE(test::fails_with([&] { conv2d(Tensor::zeros({1, 2, 2, 2}), w, {}); }, {"smaller than the kernel"}));
  EXPECT_TRUE(test::fails_with([&] { conv2d(Tensor::zeros({1, 2, 8, 8}), w, Tensor::zeros({3})); }, {"bias [3]"}));
}

TEST(Linear, IsAPointwiseConvolution) {
  const Tensor x = test::random_floats({5, 33}, 1), w = test::random_floats({7, 33}, 2), b = test::random_floats({7}, 3);
  const Tensor as_conv = reference::conv2d(x.reshape({5, 33, 1, 1}), w.reshape({7, 33, 1, 1}), b).reshape({5, 7});
  EXPECT_TRUE(test::all_close(linear(x, w, b), as_conv, 1e-6f, 33e-6f));
  EXPECT_TRUE(test::fails_with([&] { linear(x, Tensor::zeros({7, 32}), {}); }, {"[5, 33]", "[7, 32]"}));
}

}  // namespace
}  // namespace octet::ops
