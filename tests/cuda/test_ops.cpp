// Ops on the device against the CPU's.
#include "ops/batch_norm.h"
#include "ops/conv/conv2d.h"
#include "ops/cuda/int8_tiling.h"
#include "ops/elementwise.h"
#include "ops/fake_quantize.h"
#include "ops/int8/add.h"
#include "ops/int8/conv2d.h"
#include "ops/int8/elementwise.h"
#include "ops/int8/linear.h"
#include "ops/int8/pool.h"
#include "ops/int8/quantize.h"
#include "ops/linear.h"
#include "ops/pool.h"
#include "tests/cuda/device.h"
#include "tests/support/activations.h"

namespace octet::ops {
namespace {

using test::back;
using test::there;

class FloatOps : public test::OnCuda {};

TEST_F(FloatOps, ElementwiseEqualBitForBit) {
  const Tensor x = test::random_floats({3, 5, 7, 9}, 1), y = test::random_floats({3, 5, 7, 9}, 2);
  EXPECT_TRUE(test::bits_equal(back(relu(there(x))), relu(x)));
  for (const Activation activation : test::activations())
    EXPECT_TRUE(test::bits_equal(back(activate(activation, multiply(there(x), there(y)))), activate(activation, multiply(x, y))));
  EXPECT_TRUE(test::bits_equal(back(add(there(x), there(y))), add(x, y)));
  Tensor sum = there(x);
  add_(sum, there(y));
  EXPECT_TRUE(test::bits_equal(back(sum), add(x, y)));
  Tensor z = there(x);
  relu_(z);
  EXPECT_TRUE(test::bits_equal(back(z), relu(x)));
}

TEST_F(FloatOps, CatJoinsChannels) {
  const std::vector<Tensor> parts = {test::random_floats({2, 3, 4, 5}, 1), test::random_floats({2, 1, 4, 5}, 2)};
  const std::vector<Tensor> on_device = {there(parts[0]), there(parts[1])};
  EXPECT_TRUE(test::bits_equal(back(cat_channels(on_device)), cat_channels(parts)));
}

TEST_F(FloatOps, BatchNormEqualBitForBit) {
  Tensor variance = test::random_floats({6}, 5);
  for (int i = 0; i < 6; ++i) variance.data<float>()[i] = std::fabs(variance.data<float>()[i]);
  const BatchNormParams p{test::random_floats({6}, 2), test::random_floats({6}, 3), test::random_floats({6}, 4), variance};
  const BatchNormParams q{there(p.weight), there(p.bias), there(p.running_mean), there(p.running_var)};
  for (const Shape& shape : {Shape{3, 6, 5, 4}, Shape{3, 6}}) {
    const Tensor x = test::random_floats(shape, 1);
    EXPECT_TRUE(test::bits_equal(back(batch_norm(there(x), q)), batch_norm(x, p))) << shape;
  }
}

TEST_F(FloatOps, PoolsEqualBitForBit) {
  Tensor x = test::random_floats({2, 3, 11, 13}, 1);
  x.data<float>()[17] = NAN;
  for (const MaxPool2dOptions& o : {MaxPool2dOptions{3, 2, 1}, MaxPool2dOptions{2, 2}, MaxPool2dOptions{{3, 2}, {1, 2}, {1, 0}}})
    EXPECT_TRUE(test::bits_equal(back(max_pool2d(there(x), o)), max_pool2d(x, o)));
  for (const Size2 size : {Size2(1), Size2(4, 3), Size2(11, 13), Size2(20, 2)}) {
    EXPECT_TRUE(test::bits_equal(back(adaptive_avg_pool2d(there(x), size)), adaptive_avg_pool2d(x, size))) << size;
    EXPECT_TRUE(test::bits_equal(back(adaptive_max_pool2d(there(x), size)), adaptive_max_pool2d(x, size))) << size;
  }
}

TEST_F(FloatOps, ConvolutionsAndLinear) {
  struct Case {
    Shape x, weight;
    Conv2dOptions options;
  };
  const Case cases[] = {{{2, 3, 12, 11}, {8, 3, 3, 3}, {.padding = 1}},
                        {{1, 4, 9, 9}, {6, 4, 1, 1}, {}},
                        {{3, 4, 9, 10}, {6, 4, 1, 1}, {.stride = 2}},
                        {{2, 3, 20, 20}, {5, 3, 7, 7}, {.stride = 2, .padding = 3}},
                        {{2, 6, 8, 8}, {6, 1, 3, 3}, {.padding = 1, .groups = 6}},
                        {{2, 6, 8, 7}, {4, 3, 2, 3}, {.stride = {2, 1}, .padding = {0, 1}, .groups = 2}}};
  for (const Case& c : cases)
    for (const bool has_bias : {false, true}) {
      const Tensor x = test::random_floats(c.x, 1), w = test::random_floats(c.weight, 2);
      const Tensor bias = has_bias ? test::random_floats({c.weight[0]}, 3) : Tensor();
      EXPECT_TRUE(test::all_close(back(conv2d(there(x), there(w), there(bias), c.options)), conv2d(x, w, bias, c.options)))
          << c.x << " " << c.weight;
    }
  const Tensor x = test::random_floats({5, 33}, 1), w = test::random_floats({7, 33}, 2), bias = test::random_floats({7}, 3);
  EXPECT_TRUE(test::all_close(back(linear(there(x), there(w), there(bias))), linear(x, w, bias)));
  EXPECT_TRUE(test::all_close(back(linear(there(x), there(w), {})), linear(x, w, {})));
}

}  // namespace

namespace int8 {
namespace {

class Int8Ops : public test::OnCuda {};

TEST_F(Int8Ops, QuantizeAndBack) {
  for (const Shape& shape : {Shape{2, 3, 9, 7}, Shape{4, 37}}) {
    Tensor x = test::random_floats(shape, 1);
    x.data<float>()[3] = NAN;
    x.data<float>()[4] = INFINITY;
    x.data<float>()[5] = -1e30f;
    const QParams q{0.0213f, 117};
    const Tensor codes = quantize(x, q);
    EXPECT_TRUE(test::codes_equal(back(quantize(there(x), q)), codes));
    EXPECT_TRUE(test::bits_equal(back(dequantize(there(codes), q)), dequantize(codes, q)));
    EXPECT_TRUE(test::codes_equal(back(flatten(there(codes))), flatten(codes)));
  }
}

TEST_F(Int8Ops, EveryPairOfCodesAdded) {
  Tensor a({65536}, DType::quint8), b({65536}, DType::quint8);
  for (int i = 0; i < 65536; ++i)
    a.data<uint8_t>()[i] = static_cast<uint8_t>(i), b.data<uint8_t>()[i] = static_cast<uint8_t>(i >> 8);
  for (const Engine engine : kEngines)
    for (const bool relu : {false, true})
      for (const AddParams& p : {AddParams{{0.02f, 3}, {0.031f, 120}, {0.04f, 77}, relu, engine},
                                 AddParams{{0.5f, 255}, {0.01f, 0}, {0.1f, 0}, relu, engine}})
        EXPECT_TRUE(test::codes_equal(back(add(there(a), there(b), p)), add(a, b, p))) << name_of(engine);
}

TEST_F(Int8Ops, PoolsClampAndCat) {
  const Tensor x = test::random_codes({2, 9, 11, 5}, DType::quint8, 1), y = test::random_codes({2, 9, 11, 3}, DType::quint8, 2);
  for (const MaxPool2dOptions& o : {MaxPool2dOptions{3, 2, 1}, MaxPool2dOptions{2, 2}})
    for (const Tensor& images : {x, test::random_codes({2, 9, 11, 12}, DType::quint8, 3)})  // a channel at a time, or four
      EXPECT_TRUE(test::codes_equal(back(int8::max_pool2d(there(images), o)), int8::max_pool2d(images, o)));
  for (const Size2 size : {Size2(1), Size2(4, 3)})
    for (const Engine engine : kEngines)
      for (const QParams to : {QParams{0.1f, 131}, QParams{0.07f, 90}})
        EXPECT_TRUE(test::codes_equal(back(adaptive_avg_pool2d(there(x), size, {0.1f, 131}, engine, to)),
                                      adaptive_avg_pool2d(x, size, {0.1f, 131}, engine, to)));
  EXPECT_TRUE(test::codes_equal(back(clamp(there(x), 20, 200)), clamp(x, 20, 200)));
  const std::vector<QParams> q = {{0.1f, 3}, {0.07f, 100}};
  const std::vector<Tensor> parts = {x, y}, on_device = {there(x), there(y)};
  EXPECT_TRUE(test::codes_equal(back(cat_channels(on_device, q, {0.1f, 3})), cat_channels(parts, q, {0.1f, 3})));
  EXPECT_TRUE(test::fails_with([&] { int8::max_pool2d(there(x), {2, 2, 2}); }, {"padding"}));
}

TEST_F(Int8Ops, FakeQuantize) {
  const Tensor x = test::random_floats({4, 3, 5, 5}, 1);
  const std::vector<QParams> one = {{0.013f, 90}}, each = {{0.01f, 0}, {0.02f, 0}, {0.03f, 0}, {0.5f, 0}};
  EXPECT_TRUE(test::bits_equal(back(fake_quantize(there(x), one, {0, 255})), fake_quantize(x, one, {0, 255})));
  EXPECT_TRUE(test::bits_equal(back(fake_quantize(there(x), each, {-128, 127})), fake_quantize(x, each, {-128, 127})));
}

struct ConvCase {
  const char* what;
  Shape x, weight;  // [N, H, W, C], [K, C/G, R, S]
  Conv2dOptions options;
  friend std::ostream& operator<<(std::ostream& out, const ConvCase& c) { return out << c.what; }
};
const ConvCase kConvs[] = {
    {"stem", {1, 33, 30, 3}, {64, 3, 7, 7}, {.stride = 2, .padding = 3}},
    {"several_large_tiles", {1, 13, 14, 64}, {130, 64, 3, 3}, {.padding = 1}},
    {"few_rows", {1, 7, 7, 64}, {80, 64, 3, 3}, {.padding = 1}},
    {"strided", {2, 15, 14, 32}, {48, 32, 3, 3}, {.stride = 2, .padding = 1}},
    {"pointwise", {1, 9, 9, 48}, {17, 48, 1, 1}, {}},
    {"channels_not_of_16", {2, 9, 8, 20}, {33, 20, 3, 2}, {.padding = {1, 0}}},
    {"many_outputs_few_channels", {1, 5, 5, 1}, {130, 1, 5, 5}, {.padding = 2}},
    {"depthwise", {2, 9, 9, 24}, {24, 1, 3, 3}, {.padding = 1, .groups = 24}},
    {"groups", {1, 8, 8, 12}, {6, 4, 3, 3}, {.stride = 2, .padding = 1, .groups = 3}},
};

class Int8Conv : public test::OnCuda, public ::testing::WithParamInterface<ConvCase> {};
INSTANTIATE_TEST_SUITE_P(Cases, Int8Conv, ::testing::ValuesIn(kConvs), [](const auto& info) { return info.param.what; });

TEST_P(Int8Conv, EveryCodeAsOnTheCpu) {
  const ConvCase& c = GetParam();
  Generator generator(5);
  const int64_t K = c.weight[0];
  for (const Engine engine : kEngines)
    for (const bool per_channel : {false, true}) {
      std::vector<float> scale;
      for (int64_t k = 0; k < (per_channel ? K : 1); ++k) scale.push_back(0.001f + 0.004f * generator.uniform());
      const Conv2d layer({{.weight = test::random_codes(c.weight, DType::qint8, 2),
                           .weight_scale = scale,
                           .bias = test::random_floats({K}, 3),
                           .relu = per_channel,
                           .engine = engine,
                           .input = {0.02f, per_channel ? 7 : 131},
                           .output = {0.35f, 114}},
                          c.options});
      const Tensor x = test::random_codes(c.x, DType::quint8, 1), y = layer(x);
      EXPECT_TRUE(test::codes_equal(back(layer(there(x))), y)) << name_of(engine);
      const Tensor other = test::random_codes(y.shape(), DType::quint8, 4);
      const Addition addition({{0.35f, 114}, {0.2f, 90}, {0.4f, 101}, per_channel, engine});
      EXPECT_TRUE(test::codes_equal(back(layer(there(x), addition, there(other))), layer(x, addition, other))) << name_of(engine);
    }
}

TEST_P(Int8Conv, EveryTilingTheSame) {
  const ConvCase& c = GetParam();
  if (c.options.groups > 1) return;  // one output at a time, without tiles
  const Tensor weight = test::random_codes(c.weight, DType::qint8, 2);
  const QuantizedLayer p{.weight = weight, .weight_scale = {0.003f}, .bias = {}, .input = {0.02f, 17}, .output = {0.3f, 99}};
  const Conv2d layer({p, c.options});
  const Tensor x = test::random_codes(c.x, DType::quint8, 1), want = layer(x);
  const cuda::Int8Conv2d on_device(weight, c.options, 17, layer.requantization());
  const Im2colShape shape = conv2d_shape({c.x[0], c.x[3], c.x[1], c.x[2]}, c.weight, c.options);
  for (size_t tiling = 0; tiling < cuda::kInt8Tilings; ++tiling) {
    Tensor y(want.shape(), DType::quint8, Device::cuda);
    on_device(there(x), shape, {}, y, tiling);
    EXPECT_TRUE(test::codes_equal(back(y), want)) << tiling;
  }
}

// Sizes that nobody chose: windows beyond the image, strides that leave pixels out, channels of every remainder.
TEST_F(Int8Ops, ConvolutionsOfRandomSizes) {
  Generator generator(11);
  const auto draw = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(generator.below(static_cast<uint64_t>(high - low + 1)));
  };
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const int64_t groups = seed % 5 == 0 ? draw(2, 4) : 1, C = draw(1, 40), K = groups * draw(1, 50);
    const int64_t R = draw(1, 7), S = draw(1, 7);
    Conv2dOptions o{.stride = {draw(1, 3), draw(1, 3)}, .padding = {draw(0, 4), draw(0, 4)}, .groups = groups};
    if (seed % 3 == 0) o.dilation = {draw(1, 3), draw(1, 3)};
    const int64_t height = (R - 1) * o.dilation.h + 1, width = (S - 1) * o.dilation.w + 1;  // of a window
    const int64_t H = std::max(draw(1, 15), height - 2 * o.padding.h), W = std::max(draw(1, 15), width - 2 * o.padding.w);
    const Conv2d layer({{.weight = test::random_codes({K, C, R, S}, DType::qint8, seed),
                         .weight_scale = {0.002f},
                         .bias = test::random_floats({K}, seed),
                         .relu = seed % 2 == 0,
                         .engine = kEngines[seed % std::size(kEngines)],
                         .input = {0.02f, static_cast<int32_t>(draw(0, 255))},
                         .output = {0.1f, static_cast<int32_t>(draw(0, 255))}},
                        o});
    const Tensor x = test::random_codes({draw(1, 3), H, W, groups * C}, DType::quint8, seed);
    EXPECT_TRUE(test::codes_equal(back(layer(there(x))), layer(x))) << x.shape() << " " << layer.params().weight.shape();
  }
}

TEST_F(Int8Ops, Linear) {
  for (const Engine engine : kEngines)
    for (const int64_t channels : {512, 37}) {
      const Linear layer({.weight = test::random_codes({10, channels}, DType::qint8, 2),
                          .weight_scale = {0.002f},
                          .bias = test::random_floats({10}, 3),
                          .engine = engine,
                          .input = {0.02f, 12},
                          .output = {0.25f, 99}});
      const Tensor x = test::random_codes({5, channels}, DType::quint8, 1);
      EXPECT_TRUE(test::codes_equal(back(layer(there(x))), layer(x)));
    }
}

}  // namespace
}  // namespace int8
}  // namespace octet::ops
