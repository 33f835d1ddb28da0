// int8 ops against PyTorch's, code for code, under both engines.
#include "ops/channels_last_pool.h"
#include "ops/fake_quantize.h"
#include "ops/int8/add.h"
#include "ops/int8/batch_norm.h"
#include "ops/int8/conv2d.h"
#include "ops/int8/elementwise.h"
#include "ops/int8/linear.h"
#include "ops/int8/mean.h"
#include "ops/int8/multiply.h"
#include "ops/int8/pool.h"
#include "ops/int8/quantize.h"
#include "ops/reference/int8_conv2d.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/golden_options.h"

namespace octet::ops::int8 {
namespace {

using test::Golden;

QParams qparams(const Golden& g, const std::string& key) {
  const auto values = g.floats(key);  // (scale, zero point)
  return {values[0], static_cast<int32_t>(values[1])};
}

Tensor codes(const Golden& g, const std::string& key) { return to_channels_last(g[key].view_as(DType::quint8)); }

TEST(Golden, Quantize) {
  const Golden g("ops/quantize");
  const QParams q{g.floats("scale")[0], static_cast<int32_t>(g.number("zero_point"))};
  EXPECT_TRUE(test::codes_equal(quantize(g["x"], q), g["y"]));
  EXPECT_TRUE(test::bits_equal(dequantize(codes(g, "y"), q), g["dequantized"]));
}

TEST(Golden, FakeQuantize) {
  const Golden g("ops/fake_quantize");
  EXPECT_TRUE(test::bits_equal(fake_quantize(g["x"], {0.025f, 97}, {0, 255}), g["y"]));
  EXPECT_TRUE(test::bits_equal(fake_quantize(g["x"], {0.05f, 60}, {0, 127}), g["reduced"]));
  EXPECT_TRUE(test::bits_equal(fake_quantize_weight(g["w"], g.floats("s")), g["channels"]));
  EXPECT_TRUE(test::bits_equal(fake_quantize_weight(g["w"], {g.floats("s")[0]}), g["tensor"]));
  EXPECT_TRUE(test::fails_with([&] { fake_quantize(g["x"], {0, 3}, {0, 255}); }, {"scale 0"}));
}

/// All 256 codes of a hundred scales.
TEST(Golden, Activations) {
  for (const Activation f :
       {Activation(Activation::sigmoid), Activation(Activation::tanh), Activation(Activation::hardsigmoid),
        Activation(Activation::hardswish), Activation(Activation::leaky_relu, 0.2f), Activation(Activation::elu, 0.7f)}) {
    const Golden g(std::string("ops/") + name_of(f) + "_codes");
    const std::vector<float> outputs = g.floats("output");  // one for all, or one for each: (scale, zero point)
    for (const Engine engine : {Engine::qnnpack, Engine::fbgemm}) {
      const Tensor want = g[std::string(name_of(engine))];
      for (int64_t i = 0; i < want.size(0); ++i) {
        const QParams input{g.floats("scale")[static_cast<size_t>(i)], g["zero_point"].data<int32_t>()[i]};
        const size_t at = outputs.size() > 2 ? static_cast<size_t>(2 * i) : 0;
        const QParams output{outputs[at], static_cast<int32_t>(outputs[at + 1])};
        const TableRule rule = f == Activation::hardswish ? rules_of(engine).hardswish : TableRule::after_rounding;
        const bool is_elu = f.kind == Activation::elu;
        const CodeTable table = is_elu ? elu_table(f.a, input, output) : table_of(f, input, output, rule);
        EXPECT_EQ(std::memcmp(table.data(), want.data<uint8_t>() + 256 * i, 256), 0)
            << name_of(f) << " " << name_of(engine) << ", scale " << input.scale;
      }
    }
  }
}

TEST(Golden, QuantizeWeight) {
  const Golden g("ops/quantize_weight");
  EXPECT_TRUE(test::codes_equal(quantize_weight(g["w"], g.floats("scale")), g["per_channel"]));
  EXPECT_TRUE(test::codes_equal(quantize_weight(g["w"], {g.floats("scale")[0]}), g["per_tensor"]));
}

class GoldenEngine : public ::testing::TestWithParam<Engine> {
 protected:
  std::string name() const { return std::string(name_of(GetParam())); }
};
INSTANTIATE_TEST_SUITE_P(Engines, GoldenEngine, ::testing::Values(Engine::qnnpack, Engine::fbgemm),
                         [](const auto& info) { return std::string(name_of(info.param)); });

/// Every way that the layer can go.
void expect_golden(const std::string& path, Engine engine) {
  const Golden g(path);
  const Conv2dOptions options{.stride = static_cast<int64_t>(g.number("stride")),
                              .padding = static_cast<int64_t>(g.number("padding"))};
  Conv2dParams params{{g["w"].view_as(DType::qint8), g.floats("weight_scale"), g["b"], g.number("relu") != 0, engine,
                       qparams(g, "input"), qparams(g, "output")},
                      options};
  const Tensor x = codes(g, "x");
  EXPECT_TRUE(test::codes_equal(reference::int8_conv2d(x, params), codes(g, "y"))) << path;
  for (const ConvAlgorithm algorithm : kConvAlgorithms) {
    params.choices = {choice_here(x.shape(), algorithm)};
    const Conv2d conv(params);
    if (conv.has(algorithm, x.shape())) {
      EXPECT_TRUE(test::codes_equal(conv(x), codes(g, "y"))) << path << " " << name_of(algorithm);
    }
  }
}

TEST_P(GoldenEngine, Conv2d) {
  for (const char* shape : {"stem", "three", "stride2", "pointwise"})
    for (const char* relu : {"", "_relu"}) expect_golden("ops/conv2d_" + name() + "_" + shape + relu, GetParam());
}

TEST(Golden, Fbgemm1ScaleForAllWeights) { expect_golden("ops/conv2d_fbgemm_one_scale", Engine::fbgemm); }
TEST(Golden, BiasesBeyondInt32) { expect_golden("ops/conv2d_qnnpack_large_bias", Engine::qnnpack); }

TEST_P(GoldenEngine, Linear) {
  for (const char* relu : {"", "_relu"}) {
    const Golden g("ops/linear_" + name() + relu);
    const Linear linear({g["w"].view_as(DType::qint8), g.floats("weight_scale"), g["b"], g.number("relu") != 0, GetParam(),
                         qparams(g, "input"), qparams(g, "output")});
    EXPECT_TRUE(test::codes_equal(linear(codes(g, "x")), codes(g, "y"))) << relu;
  }
}

TEST_P(GoldenEngine, AddOfEveryPairOfCodes) {
  Tensor a({65536}, DType::quint8), b({65536}, DType::quint8);
  for (int i = 0; i < 65536; ++i)
    a.data<uint8_t>()[i] = static_cast<uint8_t>(i / 256), b.data<uint8_t>()[i] = static_cast<uint8_t>(i % 256);
  for (int i = 0; i < 4; ++i) {
    const Golden g("ops/add_" + name() + "_" + std::to_string(i));
    const AddParams p{qparams(g, "a"), qparams(g, "b"), qparams(g, "output"), g.number("relu") != 0, GetParam()};
    EXPECT_TRUE(test::codes_equal(add(a, b, p), g["y"])) << i;
  }
}

TEST(Golden, Pools) {
  const Golden max("ops/max_pool2d"), average("ops/adaptive_avg_pool2d");
  EXPECT_TRUE(test::codes_equal(max_pool2d(codes(max, "x"), {.kernel = 3, .stride = 2, .padding = 1}), codes(max, "y")));
  EXPECT_TRUE(test::codes_equal(adaptive_avg_pool2d(codes(average, "x"), 1, qparams(average, "qparams"), Engine::qnnpack),
                                codes(average, "y")));
}

TEST_P(GoldenEngine, AveragesWithTies) {
  for (int i = 0; i < 6; ++i) {
    const Golden g("ops/adaptive_avg_pool2d_" + name() + "_" + std::to_string(i));
    const int32_t* size = g["size"].data<int32_t>();
    EXPECT_TRUE(test::codes_equal(adaptive_avg_pool2d(codes(g, "x"), {size[0], size[1]}, qparams(g, "qparams"), GetParam()),
                                  codes(g, "y")))
        << i;
  }
}

TEST_P(GoldenEngine, AveragesOfWindows) {
  for (int i = 0; i < 7; ++i) {
    const Golden g("ops/avg_pool2d_" + std::to_string(i));
    const AvgPool2dOptions o = test::avg_pool2d_options(g);
    const auto pool = [&] { return avg_pool2d(codes(g, "codes"), o, qparams(g, "qparams"), GetParam()); };
    if (g.has(name()))
      EXPECT_TRUE(test::codes_equal(pool(), codes(g, name()))) << i;
    else
      EXPECT_TRUE(test::fails_with(pool, {"ceil_mode=True", "keep the call in float"})) << i;
  }
}

TEST(Golden, LargestOfWindowsRoundedUp) {
  for (int i = 0; i < 4; ++i) {
    const Golden g("ops/max_pool2d_ceil_" + std::to_string(i));
    const int32_t* o = g["options"].data<int32_t>();
    const MaxPool2dOptions options{.kernel = o[0], .stride = o[1], .padding = o[2], .ceil_mode = true};
    EXPECT_TRUE(test::codes_equal(int8::max_pool2d(codes(g, "codes"), options), codes(g, "y_codes"))) << i;
    EXPECT_TRUE(test::bits_equal(ops::max_pool2d(g["x"], options), g["y"])) << i;
    EXPECT_TRUE(test::bits_equal(max_pool2d_with_indices(g["x"], options).y, g["y"])) << i;
    EXPECT_TRUE(test::bits_equal(to_channels_first(max_pool2d_channels_last(to_channels_last(g["x"]), options)), g["y"])) << i;
  }
}

TEST_P(GoldenEngine, MeansWithTies) {
  for (int i = 0; i < 5; ++i) {
    const Golden g("ops/mean_" + name() + "_" + std::to_string(i));
    const bool keepdim = g.number("keepdim") != 0;
    const Tensor y = mean(codes(g, "x"), qparams(g, "qparams"), rules_of(GetParam()).mean, keepdim);
    EXPECT_TRUE(test::codes_equal(y, keepdim ? codes(g, "y") : g["y"])) << i;
  }
}

TEST(Golden, ProductsOfEveryPairOfCodes) {
  Tensor a({65536}, DType::quint8), b({65536}, DType::quint8);
  for (int i = 0; i < 65536; ++i)
    a.data<uint8_t>()[i] = static_cast<uint8_t>(i / 256), b.data<uint8_t>()[i] = static_cast<uint8_t>(i % 256);
  for (int i = 0; i < 4; ++i) {
    const Golden g("ops/multiply_" + std::to_string(i));
    const MultiplyParams p{qparams(g, "a"), qparams(g, "b"), qparams(g, "output"), g.number("relu") != 0};
    EXPECT_TRUE(test::codes_equal(multiply(a, b, p), g["y"])) << i;
    EXPECT_TRUE(test::codes_equal(multiply(codes(g, "images"), codes(g, "gate"), p), codes(g, "gated"))) << i;
    EXPECT_TRUE(test::codes_equal(multiply(codes(g, "gate"), codes(g, "images"), p), codes(g, "gating"))) << i;
  }
}

TEST(Golden, BatchNorm) {
  for (int i = 0; i < 4; ++i) {
    const Golden g("ops/batch_norm2d_" + std::to_string(i));
    const BatchNormCodes codes_of{qparams(g, "input"), qparams(g, "output"), g.number("relu") != 0};
    const BatchNormParams params{g["w"], g["b"], g["mean"], g["var"], 1e-5f};
    EXPECT_TRUE(test::codes_equal(batch_norm(codes(g, "x"), params, codes_of), codes(g, "y"))) << i;
  }
}

TEST(Golden, Cat) {
  const Golden g("ops/cat");
  const Tensor parts[] = {codes(g, "a"), codes(g, "b")};
  const QParams q[] = {qparams(g, "qparams_a"), qparams(g, "qparams_b")};
  EXPECT_TRUE(test::codes_equal(cat_channels(parts, q, q[0]), codes(g, "y")));
}

}  // namespace
}  // namespace octet::ops::int8
