// Wrong calls of the library: each is an Error, or has the right answer; none ends the program.
#include <gtest/gtest.h>

#include <limits>

#include "ops/channels.h"
#include "ops/conv/conv2d.h"
#include "ops/cross_entropy.h"
#include "ops/elementwise.h"
#include "ops/int8/add.h"
#include "ops/int8/conv2d.h"
#include "ops/int8/elementwise.h"
#include "ops/int8/linear.h"
#include "ops/int8/mean.h"
#include "ops/int8/multiply.h"
#include "ops/int8/pool.h"
#include "ops/int8/quantize.h"
#include "ops/linear.h"
#include "ops/pool.h"
#include "ops/softmax.h"
#include "ops/support/failure.h"
#include "tests/support/compare.h"

namespace octet::ops {
namespace {

using int8::Engine;
using int8::QParams;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr QParams kQ{0.1f, 128};
// Scales and zero points that are none.
constexpr QParams kNone[] = {{0, 0},
                             {-1, 0},
                             {kNan, 0},
                             {std::numeric_limits<float>::infinity(), 0},
                             {0.1f, 256},
                             {0.1f, -1},
                             {0.1f, 1'000'000'000},
                             {0.1f, INT32_MAX}};

template <class Call>
::testing::AssertionResult refused(Call&& call, const std::string& part = "") {
  return test::fails_with(std::forward<Call>(call), {part});
}

Tensor codes(const Shape& shape) { return Tensor::zeros(shape, DType::quint8); }

TEST(Misuse, TypesAreCheckedBeforeTheThreadsStart) {
  const Tensor x = Tensor::full({1, 3, 8, 8}, 1), w = Tensor::full({4, 3, 3, 3}, 1);
  EXPECT_TRUE(refused([&] { conv2d(Tensor::zeros({1, 3, 8, 8}, DType::i64), w, {}, {}); }, "expected float32, got int64"));
  EXPECT_TRUE(refused([&] { conv2d(x, Tensor::zeros({4, 3, 3, 3}, DType::qint8), {}, {}); }, "expected float32, got qint8"));
  EXPECT_TRUE(refused([&] { conv2d(x, w, Tensor::zeros({4}, DType::i32), {}); }, "expected float32, got int32"));
  const Tensor wrong = Tensor::zeros({1, 3, 8, 8}, DType::i32);
  EXPECT_TRUE(refused([&] { max_pool2d(wrong, {.kernel = 2, .stride = 2}); }));
  EXPECT_TRUE(refused([&] { avg_pool2d(wrong, {.kernel = 2, .stride = 2}); }));
  EXPECT_TRUE(refused([&] { max_pool2d_with_indices(wrong, {.kernel = 2, .stride = 2}); }));
  EXPECT_TRUE(refused([&] { adaptive_max_pool2d_with_indices(wrong, 1); }));
  EXPECT_TRUE(refused([&] { conv2d_backward(x, wrong, w, {}, {}); }));
  Tensor y = Tensor::zeros({1, 3, 8, 8});
  EXPECT_TRUE(refused([&] { fill_channels(Tensor::zeros({3}, DType::i32), y); }));
  EXPECT_TRUE(refused([&] { int8::clamp(x, 0, 255); }));
}

TEST(Misuse, AThreadsErrorReachesTheCaller) {
  Failure failure;
#pragma omp parallel
  failure.keep([] { fail("of a thread"); });
  EXPECT_TRUE(failure.failed());
  EXPECT_TRUE(refused([&] { failure.rethrow(); }, "of a thread"));
  EXPECT_NO_THROW(Failure().rethrow());
}

TEST(Misuse, ScalesAndZeroPointsOfEveryOp) {
  const Tensor image = codes({1, 4, 4, 3}), row = codes({1, 2});
  const Tensor two[] = {row, row};
  for (const QParams& q : kNone) {
    const QParams both[] = {kQ, q};
    EXPECT_TRUE(refused([&] { int8::quantize(Tensor::zeros({4}), q); }));
    EXPECT_TRUE(refused([&] { int8::dequantize(row, q); }));
    EXPECT_TRUE(refused([&] { int8::cat_channels(two, both, kQ); }));
    EXPECT_TRUE(refused([&] { int8::cat_channels(two, std::vector<QParams>{kQ, kQ}, q); }));
    EXPECT_TRUE(refused([&] { int8::multiply(row, row, {.a = kQ, .b = kQ, .output = q}); }));
    EXPECT_TRUE(refused([&] { int8::table_of(Activation::sigmoid, q, kQ); }));
    for (const Engine engine : int8::kEngines) {
      EXPECT_TRUE(refused([&] { int8::add(row, row, {q, kQ, kQ, false, engine}); }));
      EXPECT_TRUE(refused([&] { int8::add(row, row, {kQ, kQ, q, false, engine}); }));
      EXPECT_TRUE(refused([&] { int8::avg_pool2d(image, {.kernel = 2, .stride = 2}, q, engine); }));
      EXPECT_TRUE(refused([&] { int8::adaptive_avg_pool2d(image, 1, q, engine); }));
      EXPECT_TRUE(refused([&] { int8::mean(image, q, int8::rules_of(engine).mean, false); }));
    }
  }
  // Ratios of scales that float32 cannot hold.
  EXPECT_TRUE(refused([&] { int8::add(row, row, {{1e-38f, 0}, {1e-38f, 0}, {1e38f, 0}, false, Engine::qnnpack}); }, "too far"));
  EXPECT_TRUE(refused([&] { int8::add(row, row, {{1e38f, 0}, {1e38f, 0}, {1e-38f, 0}, false, Engine::qnnpack}); }, "too far"));
}

TEST(Misuse, CodesOutOfRange) {
  EXPECT_TRUE(refused([] { int8::clamp(codes({4}), 5, 3); }, "from 5 to 3"));
  EXPECT_TRUE(refused([] { int8::clamp(codes({4}), -300, 999); }, "from -300 to 999"));
  const Tensor none[] = {codes({}), codes({})}, undefined[] = {Tensor(), Tensor()};
  const QParams q[] = {kQ, kQ};
  EXPECT_TRUE(refused([&] { int8::cat_channels(none, q, kQ); }, "int8 cat"));
  EXPECT_TRUE(refused([&] { int8::cat_channels(undefined, q, kQ); }, "int8 cat"));
}

// 5000 x 5000 codes of 255 have a sum beyond int32, which gave 83; just below the limit the average is right.
TEST(Misuse, SumsOfCodesStayInInt32) {
  Tensor large = Tensor({1, 5000, 5000, 1}, DType::quint8);
  EXPECT_TRUE(refused([&] { int8::adaptive_avg_pool2d(large, 1, {0.1f, 255}, Engine::fbgemm); }, "could overflow int32"));
  EXPECT_TRUE(refused([&] { int8::avg_pool2d(large, {.kernel = 5000, .stride = 1}, kQ, Engine::fbgemm); }, "could overflow"));
  Tensor most({1, 2900, 2900, 1}, DType::quint8);
  std::memset(most.bytes(), 255, most.nbytes());
  EXPECT_EQ(int8::adaptive_avg_pool2d(most, 1, {0.1f, 0}, Engine::fbgemm).data<uint8_t>()[0], 255);
}

TEST(Misuse, LayersCheckTheirNumbers) {
  int8::Conv2dParams p;
  p.weight = Tensor::zeros({4, 1, 4, 3}, DType::qint8);
  p.weight_scale = {0.1f};
  p.input = p.output = kQ;
  p.options = {.padding = 3, .groups = 4};
  for (const int64_t n : {int64_t{0}, int64_t{2}})  // grouped, and by im2col: an empty batch divided by its own size
    EXPECT_EQ(int8::Conv2d(p)(codes({n, 8, 8, 4})).shape(), (Shape{n, 11, 12, 4}));
  const int8::Conv2d conv(p);
  EXPECT_TRUE(refused([&] { conv(codes({1, 0, 8, 4})); }, "without pixels"));
  p.bias = Tensor::full({4}, kNan);
  EXPECT_TRUE(refused([&] { int8::Conv2d with_nan(p); }, "bias nan of output channel 0"));
  int8::LinearParams l;
  l.weight = Tensor::zeros({4, 2}, DType::qint8);
  l.weight_scale = {0.1f};
  l.input = l.output = kQ;
  l.bias = Tensor::full({4}, kNan);
  EXPECT_TRUE(refused([&] { int8::Linear linear(l); }, "bias nan"));
  EXPECT_TRUE(refused([&] { conv2d(Tensor::zeros({1, 3, 0, 8}), Tensor::zeros({4, 3, 3, 3}), {}, {.padding = 2}); }, "pixels"));
}

TEST(Misuse, EmptyTensors) {
  EXPECT_TRUE(refused([] { softmax(Tensor::zeros({2, 0})); }, "softmax: expected float32 with a channel at least"));
  EXPECT_TRUE(refused([] { argmax(Tensor::zeros({2, 0})); }));
  const Tensor none = Tensor::zeros({0, 3, 4, 4});
  const Tensor parts[] = {none, none};
  EXPECT_EQ(cat_channels(parts).shape(), (Shape{0, 6, 4, 4}));
  EXPECT_EQ(split_channels(none, std::vector<int64_t>{1, 2})[1].shape(), (Shape{0, 2, 4, 4}));
  EXPECT_TRUE(refused([&] { split_channels(none, std::vector<int64_t>{-1, 4}); }));
  EXPECT_EQ(dot_channels(none, none).shape(), (Shape{3}));
  EXPECT_EQ(dot_slices(none, none).shape(), (Shape{0}));
  EXPECT_EQ(conv2d(none, Tensor::zeros({4, 3, 3, 3}), {}, {}).shape(), (Shape{0, 4, 2, 2}));
}

TEST(Misuse, MovedFromIsUndefined) {
  Tensor x = Tensor::full({1, 3, 8, 8}, 1);
  const Tensor y = std::move(x);
  EXPECT_FALSE(x.defined());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(x.numel(), 0);
  EXPECT_FALSE(x.clone().defined());
  for (const auto& call : std::vector<std::function<void()>>{[&] { (void)x.data<float>(); }, [&] { (void)x.to(DType::f64); },
                                                             [&] { relu(x); }, [&] { int8::quantize(x, kQ); }})
    EXPECT_TRUE(refused(call, "undefined tensor"));
}

TEST(Misuse, FloatsThatNoIntegerHolds) {
  EXPECT_TRUE(refused([] { Tensor::full({2}, kNan).to(DType::i64); }, "nan is no value of int64"));
  EXPECT_TRUE(refused([] { Tensor::full({2}, 3e38f).to(DType::i32); }, "no value of int32"));
  EXPECT_TRUE(refused([] { Tensor::full({2}, -129).to(DType::i8); }, "no value of int8"));
  EXPECT_TRUE(refused([] { Tensor::full({2}, 256).to(DType::u8); }, "no value of uint8"));
  EXPECT_EQ(Tensor::full({1}, -128.9f).to(DType::i8).data<int8_t>()[0], -128);
  EXPECT_EQ(Tensor::full({1}, -0.9f).to(DType::u8).data<uint8_t>()[0], 0);
  EXPECT_EQ(Tensor::full({1}, -9223372036854775808.f).to(DType::i64).data<int64_t>()[0], INT64_MIN);
}

}  // namespace
}  // namespace octet::ops
